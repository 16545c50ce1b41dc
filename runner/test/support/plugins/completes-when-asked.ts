import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "completes-when-asked",
  description: "Waits until it is asked to stop, then completes.",
  run: (_, { signal }) =>
    new Promise((resolve) => {
      const wait = setInterval(() => {}, 1000);
      signal.addEventListener("abort", () => {
        clearInterval(wait);
        resolve("done in the grace");
      });
    }),
});
