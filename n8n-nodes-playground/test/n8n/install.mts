/**
 * Installs the n8n that the suite runs, with the versions of install/package-lock.json, into a
 * folder of its own: `playground-n8n` under $XDG_CACHE_HOME or ~/.cache. Does nothing when it is
 * there already. Takes about four minutes on two cores; needs npm, Python and a C++ compiler.
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

const LOCKED = path.join(import.meta.dirname, 'install');
const FILES = ['package.json', 'package-lock.json'];

function cacheFolder(): string {
	const { XDG_CACHE_HOME } = process.env;
	return path.join(XDG_CACHE_HOME || path.join(homedir(), '.cache'), 'playground-n8n');
}

/** Another lock, Node or platform makes another installation, beside this one. */
function fingerprint(): string {
	const hash = createHash('sha256').update(
		`${process.versions.modules} ${process.platform} ${process.arch}`,
	);
	for (const file of FILES) hash.update(readFileSync(path.join(LOCKED, file)));
	return hash.digest('hex').slice(0, 16);
}

/** Returns n8n's command, for this Node to run. */
export function installN8n(): string {
	const folder = path.join(cacheFolder(), fingerprint());
	if (!existsSync(folder)) install(folder);
	return path.join(folder, 'node_modules', 'n8n', 'bin', 'n8n');
}

/**
 * Into a draft beside it, which gets the folder's name once all is there: what is cut off, or done
 * twice at the same time, leaves nothing half done.
 */
function install(folder: string): void {
	mkdirSync(path.dirname(folder), { recursive: true });
	const draft = mkdtempSync(`${folder}.draft-`);
	try {
		for (const file of FILES) copyFileSync(path.join(LOCKED, file), path.join(draft, file));
		// No install scripts but the one that builds sqlite3.
		npm(draft, ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']);
		npm(draft, ['rebuild', 'sqlite3', '--loglevel=error']);
		renameSync(draft, folder);
	} catch (error) {
		// Another run was faster.
		if (!existsSync(folder)) throw error;
	} finally {
		rmSync(draft, { recursive: true, force: true });
	}
}

/** With the Node that runs this first on the path: sqlite3 is built for it. */
function npm(cwd: string, args: string[]): void {
	const PATH = [path.dirname(process.execPath), process.env.PATH].join(path.delimiter);
	execFileSync('npm', args, { cwd, stdio: 'inherit', env: { ...process.env, PATH } });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
	console.log(installN8n());
}
