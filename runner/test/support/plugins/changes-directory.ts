import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "changes-directory",
  description: "Changes the working directory.",
  run() {
    process.chdir("/");
  },
});
