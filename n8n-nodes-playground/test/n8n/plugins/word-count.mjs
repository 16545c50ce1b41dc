import { definePlugin } from 'playground-runner/plugin';
import { z } from 'zod';

export default definePlugin({
	name: 'word-count',
	description: 'Counts words and distinct words in a text.',
	input: z.object({ text: z.string() }),
	async run({ text }, ctx) {
		const words = text.split(/\s+/).filter(Boolean);
		ctx.metrics.add('processedItems', words.length);
		return { words: words.length, distinct: new Set(words).size };
	},
});
