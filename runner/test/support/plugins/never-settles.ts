import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "never-settles",
  description: "Returns a promise that stays pending, with nothing left to wake it.",
  run: () => new Promise(() => {}),
});
