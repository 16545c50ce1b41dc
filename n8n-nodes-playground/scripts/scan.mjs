// Runs the ESLint rules of n8n's scanner before publishing, on the source and on the files that
// `npm pack` packs. Like the scanner, it ignores comments that disable rules.
// Usage: node scripts/scan.mjs, after `n8n-node build`. Exits with 1 on a finding.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ESLint } from 'eslint';
import { scanConfig } from './scan-config.mjs';

const root = path.resolve(import.meta.dirname, '..');

async function scan(name, { cwd, patterns }) {
	const eslint = new ESLint({
		cwd,
		allowInlineConfig: false,
		overrideConfigFile: true,
		overrideConfig: scanConfig,
	});
	const results = await eslint.lintFiles(patterns);
	const formatter = await eslint.loadFormatter('stylish');
	console.log(`${name}: ${results.length} files\n${await formatter.format(results)}`);
	return results.length > 0 && results.every(({ errorCount }) => errorCount === 0);
}

function pack(destination) {
	const packed = execFileSync(
		'npm',
		['pack', '--json', '--ignore-scripts', '--pack-destination', destination],
		{ cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
	);
	const [{ filename }] = Object.values(JSON.parse(packed));
	execFileSync('tar', ['xzf', filename], { cwd: destination });
	return path.join(destination, 'package');
}

const scratch = mkdtempSync(path.join(tmpdir(), 'playground-scan-'));
try {
	const source = ['package.json', '{nodes,credentials}/**/*.{js,ts,json}'];
	const tarball = ['**/*.js', 'package.json'];
	const passed = [
		await scan('source', { cwd: root, patterns: source }),
		await scan('tarball', { cwd: pack(scratch), patterns: tarball }),
	];
	process.exitCode = passed.every(Boolean) ? 0 : 1;
} finally {
	rmSync(scratch, { recursive: true });
}
