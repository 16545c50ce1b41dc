import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "sleeps",
  description: "Waits for the duration in its input.",
  run: (input) =>
    new Promise((resolve) => {
      setTimeout(() => resolve("rested"), (input as { ms: number }).ms);
    }),
});
