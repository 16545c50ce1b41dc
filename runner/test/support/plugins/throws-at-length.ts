import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "throws-at-length",
  description: "Throws a message of 1 MiB.",
  run() {
    throw new Error("x".repeat(1024 * 1024));
  },
});
