import { definePlugin } from 'playground-runner/plugin';
import { z } from 'zod';

/** Ends when the test's gate opens, and as the gate says. */
export default definePlugin({
	name: 'gate',
	description: 'Asks a URL that holds its answer back; gives the answer, or fails with it.',
	input: z.object({ url: z.url() }),
	async run({ url }, ctx) {
		const answer = await ctx.fetch(url, { signal: ctx.signal });
		const text = await answer.text();
		if (!answer.ok) throw new Error(text);
		return JSON.parse(text);
	},
});
