import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "aborts",
  description: "Ends the process as a native crash does, or tries to.",
  run() {
    process.abort();
  },
});
