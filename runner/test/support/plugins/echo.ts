import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "echo",
  description: "Returns its input.",
  run: (input) => input,
});
