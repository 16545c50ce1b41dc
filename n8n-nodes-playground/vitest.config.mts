import { defineConfig } from 'vitest/config';

/** The suites that need more than `npm test` installs. The unit tests are in the root's config. */
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
					// The first run installs n8n.
					globalSetup: ['test/n8n/support/start-n8n.mts'],
					testTimeout: 240_000,
					hookTimeout: 120_000,
					fileParallelism: false,
					maxConcurrency: 20,
				},
			},
			{
				test: {
					// Needs redis-server. `npm run test:queue-mode` runs it, `npm run test:n8n` does not.
					name: 'queue-mode',
					include: ['test/queue-mode/**/*.test.mts'],
					globalSetup: ['test/queue-mode/support/start-fleet.mts'],
					testTimeout: 600_000,
					hookTimeout: 120_000,
				},
			},
		],
	},
});
