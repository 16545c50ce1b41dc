import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "sleeps",
  description: "Waits as long as it is told.",
  run: (input) =>
    new Promise((resolve) => {
      setTimeout(() => resolve("rested"), (input as { ms: number }).ms);
    }),
});
