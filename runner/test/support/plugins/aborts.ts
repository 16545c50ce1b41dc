import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "aborts",
  description: "Tries to end the process with process.abort, like a native crash.",
  run() {
    process.abort();
  },
});
