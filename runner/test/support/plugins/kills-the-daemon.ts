import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "kills-the-daemon",
  description: "Sends a signal to the process that it runs in.",
  run() {
    process.kill(process.pid, "SIGKILL");
  },
});
