import { getPriority } from "node:os";
import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "tells-its-priority",
  description: "Gives the priority of its thread, as `nice` counts it.",
  run: () => getPriority(0),
});
