import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "loops",
  description: "Loops forever.",
  run() {
    for (;;);
  },
});
