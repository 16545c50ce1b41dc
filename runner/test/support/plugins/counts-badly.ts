import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "counts-badly",
  description: "Reports metrics that are not valid numbers.",
  run(input, { metrics }) {
    const { name, value } = input as { name: string; value: "NaN" | number };
    metrics.set(name, Number(value));
    return null;
  },
});
