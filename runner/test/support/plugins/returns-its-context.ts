import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "returns-its-context",
  description: "Returns what its context contains about the job.",
  async run(input, ctx) {
    const { job, options } = ctx;
    return { input, options, job, env: Object.keys(process.env), fetch: typeof ctx.fetch };
  },
});
