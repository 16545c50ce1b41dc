import { defineConfig } from 'vitest/config';

/** The suites that need more than `npm test` installs; the unit tests are in the root's config. */
export default defineConfig({
	test: {
		root: import.meta.dirname,
		projects: [
			{
				test: {
					name: 'package',
					include: ['test/package/**/*.test.mts'],
					testTimeout: 120_000,
					hookTimeout: 120_000,
				},
			},
			{
				test: {
					name: 'n8n',
					include: ['test/n8n/**/*.test.mts'],
					testTimeout: 240_000,
					// The first run installs n8n.
					hookTimeout: 20 * 60_000,
					fileParallelism: false,
				},
			},
		],
	},
});
