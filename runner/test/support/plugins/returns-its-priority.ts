import { getPriority } from "node:os";
import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "returns-its-priority",
  description: "Returns its thread's nice value.",
  run: () => getPriority(0),
});
