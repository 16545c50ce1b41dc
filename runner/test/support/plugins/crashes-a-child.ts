import { execFileSync } from "node:child_process";
import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "crashes-a-child",
  description: "Runs a program that crashes.",
  run() {
    execFileSync(process.execPath, ["-e", "process.abort()"], { stdio: "ignore" });
  },
});
