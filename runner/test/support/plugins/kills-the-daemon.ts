import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "kills-the-daemon",
  description: "Sends SIGKILL to its own process.",
  run() {
    process.kill(process.pid, "SIGKILL");
  },
});
