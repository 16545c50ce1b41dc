import { definePlugin } from "playground-runner/plugin";
import { z } from "zod";

/** A first plugin of your own: change it, and the daemon loads it again. */
export default definePlugin({
  name: "word-count",
  description: "Counts the words of a text. `processedItems` counts words.",
  input: z.object({ text: z.string() }),
  output: z.object({ words: z.int(), distinct: z.int() }),
  example: { input: { text: "to be or not to be" } },
  async run({ text }, ctx) {
    const words = text.split(/\s+/).filter(Boolean);
    ctx.metrics.add("processedItems", words.length);
    return { words: words.length, distinct: new Set(words).size };
  },
});
