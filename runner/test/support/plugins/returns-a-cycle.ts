import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "returns-a-cycle",
  description: "Returns an object that contains itself.",
  run() {
    const parent: Record<string, unknown> = { name: "parent" };
    parent["child"] = { parent };
    return parent;
  },
});
