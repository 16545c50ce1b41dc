import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');

// The files that `npm run build` made. `npm run check` builds first.
const [{ files }] = Object.values(
	JSON.parse(
		execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
			cwd: root,
			encoding: 'utf8',
			stdio: ['ignore', 'pipe', 'ignore'],
		}),
	) as Array<{ files: Array<{ path: string; size: number }> }>,
) as [{ files: Array<{ path: string; size: number }> }];
const paths = files.map((file) => file.path);

test.each([
	'package.json',
	'README.md',
	'LICENSE',
	'dist/credentials/PlaygroundApi.credentials.js',
	'dist/nodes/PlaygroundTrigger/PlaygroundTrigger.node.js',
	'dist/nodes/PlaygroundTrigger/PlaygroundTrigger.node.json',
	'dist/nodes/RunJob/RunJob.node.js',
	'dist/nodes/RunJob/RunJob.node.json',
	'dist/icons/playground.svg',
	'dist/icons/playground.dark.svg',
])('the package contains %s', (file) => {
	expect(paths).toContain(file);
});

test('the package contains only documents and files that n8n loads', () => {
	const others = paths.filter(
		(file) =>
			!/^(package\.json|README\.md|LICENSE)$/.test(file) &&
			!/^dist\/(credentials|nodes|shared)\/.*\.(js|js\.map|d\.ts)$/.test(file) &&
			!/^dist\/nodes\/.*\.node\.json$/.test(file) &&
			!/^dist\/icons\/.*\.svg$/.test(file),
	);
	expect(others.filter((file) => file !== 'dist/package.json')).toEqual([]);
});

test('the package is small', () => {
	const total = files.reduce((sum, { size }) => sum + size, 0);
	expect(total).toBeLessThan(300_000);
});

test('npm publish is refused outside the workflow that publishes with provenance', () => {
	const publish = () =>
		execFileSync('npm', ['run', 'prepublishOnly'], { cwd: root, stdio: 'pipe' });
	expect(publish).toThrow();
});
