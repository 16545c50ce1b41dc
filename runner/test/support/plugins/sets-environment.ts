import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "sets-environment",
  description: "Sets a variable of the environment.",
  run() {
    process.env["LEFT_BEHIND"] = "yes";
    return null;
  },
});
