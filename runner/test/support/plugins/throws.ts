import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "throws",
  description: "Throws an Error.",
  run() {
    throw new Error("the disk is on fire");
  },
});
