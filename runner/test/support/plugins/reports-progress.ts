import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "reports-progress",
  description: "Reports progress as often as it can, for the duration in its input.",
  async run(input, ctx) {
    const { ms } = input as { ms: number };
    const startedAt = performance.now();
    for (let at = 0; at < ms; at = performance.now() - startedAt) {
      ctx.progress(at / ms, `${Math.round(at)} ms`);
      await new Promise(setImmediate);
    }
    return null;
  },
});
