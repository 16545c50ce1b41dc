import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "returns-a-function",
  description: "Returns what JSON cannot hold.",
  run: () => ({ rows: [{ format: () => "x" }] }),
});
