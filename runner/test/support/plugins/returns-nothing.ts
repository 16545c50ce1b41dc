import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "returns-nothing",
  description: "Returns undefined.",
  run: () => undefined,
});
