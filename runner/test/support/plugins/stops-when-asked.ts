import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "stops-when-asked",
  description: "Waits until it is asked to stop, then rejects with the reason.",
  run: (_, { signal, log }) =>
    new Promise((_resolve, reject) => {
      const wait = setInterval(() => {}, 1000);
      signal.addEventListener("abort", () => {
        clearInterval(wait);
        log.info("stopped on request");
        reject(signal.reason as Error);
      });
    }),
});
