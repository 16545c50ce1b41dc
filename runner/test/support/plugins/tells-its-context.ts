import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "tells-its-context",
  description: "Returns what it is told of the job.",
  async run(input, ctx) {
    const { job, options } = ctx;
    return { input, options, job, env: Object.keys(process.env), fetch: typeof ctx.fetch };
  },
});
