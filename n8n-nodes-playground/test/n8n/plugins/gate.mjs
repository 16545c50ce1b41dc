import { definePlugin } from 'playground-runner/plugin';
import { z } from 'zod';

/** Waits until the test opens its gate, which also sets the outcome. */
export default definePlugin({
	name: 'gate',
	description: 'Waits for the response of a URL, and returns it or fails with it.',
	input: z.object({ url: z.url() }),
	async run({ url }, ctx) {
		const answer = await ctx.fetch(url, { signal: ctx.signal });
		const text = await answer.text();
		if (!answer.ok) throw new Error(text);
		return JSON.parse(text);
	},
});
