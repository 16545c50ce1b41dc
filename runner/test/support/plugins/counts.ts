import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "counts",
  description: "Reports its own metrics.",
  run(_, { metrics }) {
    metrics.add("processedItems", 3);
    metrics.add("processedItems", 4);
    metrics.set("bytes", 12.5);
    return null;
  },
});
