import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "never-settles",
  description: "Returns a promise that nothing ever settles.",
  run: () => new Promise(() => {}),
});
