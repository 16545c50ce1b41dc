/**
 * Installs n8n, in the versions of its lock file, into a folder under `playground-n8n` in
 * $XDG_CACHE_HOME or ~/.cache. The first run takes about four minutes on two cores and needs npm,
 * Python and a C++ compiler.
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
} from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const FILES = ['package.json', 'package-lock.json'];

const LOCKED = path.join(import.meta.dirname, 'install');

/**
 * Returns the path of n8n's command, which this Node can run. Installs what the lock file pins,
 * unless that has been done. It installs into a draft folder and renames that at the end, so an
 * interrupted or concurrent run leaves nothing half done.
 */
export function installN8n(): string {
	const folder = path.join(cacheFolder(), fingerprint());
	const command = path.join(folder, 'node_modules', 'n8n', 'bin', 'n8n');
	if (existsSync(folder)) return command;
	mkdirSync(path.dirname(folder), { recursive: true });
	const draft = mkdtempSync(`${folder}.draft-`);
	try {
		for (const file of FILES) copyFileSync(path.join(LOCKED, file), path.join(draft, file));
		npm(draft, ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
		npm(draft, ['rebuild', 'sqlite3', '--loglevel=error']);
		renameSync(draft, folder);
	} catch (error) {
		// A concurrent run may have finished first.
		if (!existsSync(folder)) throw error;
	} finally {
		rmSync(draft, { recursive: true, force: true });
	}
	return command;
}

function cacheFolder(): string {
	const { XDG_CACHE_HOME } = process.env;
	return path.join(XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'playground-n8n');
}

/** Another lock file, Node version or platform gets another folder. */
function fingerprint(): string {
	const hash = createHash('sha256').update(
		`${process.versions.modules} ${process.platform} ${process.arch}`,
	);
	for (const file of FILES) hash.update(readFileSync(path.join(LOCKED, file)));
	return hash.digest('hex').slice(0, 16);
}

/** Runs npm with this Node first on the path, because sqlite3 is built for the Node it finds. */
function npm(cwd: string, args: string[]): void {
	const PATH = [path.dirname(process.execPath), process.env.PATH].join(path.delimiter);
	execFileSync('npm', args, { cwd, stdio: 'inherit', env: { ...process.env, PATH } });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
	console.log(installN8n());
}
