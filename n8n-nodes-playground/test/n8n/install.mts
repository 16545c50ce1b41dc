/**
 * Installs what the suite runs: n8n, and the browser that drives its editor. Each goes into its own
 * folder under `playground-n8n` in $XDG_CACHE_HOME or ~/.cache, with the versions of its lock file.
 * The first run takes about four minutes on two cores and needs npm, Python and a C++ compiler.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
	copyFileSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readFileSync,
	renameSync,
	rmSync,
	writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';

const FILES = ['package.json', 'package-lock.json'];

export interface BrowserPaths {
	/** The module that drives the browser. */
	playwright: string;
	/** The browser's executable. */
	chromium: string;
}

/** Returns the path of n8n's command, which this Node can run. */
export function installN8n(): string {
	const folder = install(path.join(import.meta.dirname, 'install'), (draft) => {
		npm(draft, ['rebuild', 'sqlite3', '--loglevel=error']);
	});
	return path.join(folder, 'node_modules', 'n8n', 'bin', 'n8n');
}

/** The package has Chromium for Linux on x64. On other systems, set CHROMIUM to an executable. */
export function installBrowser(): BrowserPaths {
	const folder = install(path.join(import.meta.dirname, 'browser'), (draft) => {
		const packed = path.join(draft, 'node_modules/@sparticuz/chromium/bin/chromium.br');
		const bytes = brotliDecompressSync(readFileSync(packed));
		writeFileSync(path.join(draft, 'chromium'), bytes, { mode: 0o755 });
	});
	return {
		playwright: path.join(folder, 'node_modules/playwright-core/index.mjs'),
		chromium: process.env.CHROMIUM || path.join(folder, 'chromium'),
	};
}

/**
 * Installs what the lock file in `locked` pins, unless that has been done. It installs into a draft
 * folder and renames that at the end, so an interrupted or concurrent run leaves nothing half done.
 */
function install(locked: string, finish: (draft: string) => void): string {
	const folder = path.join(cacheFolder(), fingerprint(locked));
	if (existsSync(folder)) return folder;
	mkdirSync(path.dirname(folder), { recursive: true });
	const draft = mkdtempSync(`${folder}.draft-`);
	try {
		for (const file of FILES) copyFileSync(path.join(locked, file), path.join(draft, file));
		npm(draft, ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
		finish(draft);
		renameSync(draft, folder);
	} catch (error) {
		// A concurrent run may have finished first.
		if (!existsSync(folder)) throw error;
	} finally {
		rmSync(draft, { recursive: true, force: true });
	}
	return folder;
}

function cacheFolder(): string {
	const { XDG_CACHE_HOME } = process.env;
	return path.join(XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'playground-n8n');
}

/** Another lock file, Node version or platform gets another folder. */
function fingerprint(locked: string): string {
	const hash = createHash('sha256').update(
		`${process.versions.modules} ${process.platform} ${process.arch}`,
	);
	for (const file of FILES) hash.update(readFileSync(path.join(locked, file)));
	return hash.digest('hex').slice(0, 16);
}

/** Runs npm with this Node first on the path, because sqlite3 is built for the Node it finds. */
function npm(cwd: string, args: string[]): void {
	const PATH = [path.dirname(process.execPath), process.env.PATH].join(path.delimiter);
	execFileSync('npm', args, { cwd, stdio: 'inherit', env: { ...process.env, PATH } });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
	console.log(installN8n(), installBrowser());
}
