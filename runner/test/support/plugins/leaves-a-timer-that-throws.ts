import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "leaves-a-timer-that-throws",
  description: "Completes. A timer that it left behind throws later.",
  run(input) {
    setTimeout(
      () => {
        throw new Error("thrown by what was left behind");
      },
      (input as { ms: number }).ms,
    );
    return null;
  },
});
