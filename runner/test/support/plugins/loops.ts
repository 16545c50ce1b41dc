import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "loops",
  description: "Never gives the thread back.",
  run() {
    for (;;);
  },
});
