import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "returns-a-function",
  description: "Returns a value that JSON cannot represent.",
  run: () => ({ rows: [{ format: () => "x" }] }),
});
