import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "counts-badly",
  description: "Gives metrics that are no numbers.",
  run(input, { metrics }) {
    const { name, value } = input as { name: string; value: "NaN" | number };
    metrics.set(name, Number(value));
    return null;
  },
});
