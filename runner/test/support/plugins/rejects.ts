import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "rejects",
  description: "Returns a promise that is rejected.",
  run: async () => {
    await Promise.resolve();
    throw new TypeError("no such column");
  },
});
