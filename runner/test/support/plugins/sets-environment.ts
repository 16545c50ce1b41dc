import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "sets-environment",
  description: "Sets an environment variable.",
  run() {
    process.env["LEFT_BEHIND"] = "yes";
    return null;
  },
});
