import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "crashes",
  description: "Throws from a callback, outside its promise.",
  run: () =>
    new Promise(() => {
      setImmediate(() => {
        throw new Error("thrown from a callback");
      });
    }),
});
