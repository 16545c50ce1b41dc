import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "leaks-memory",
  description: "Leaks 60 MB of heap with every run.",
  run() {
    const hoard = ((globalThis as { hoard?: unknown[] }).hoard ??= []);
    for (let n = 0; n < 60; n += 1) {
      hoard.push(Array.from({ length: 16_000 }, (_, index) => ({ index, text: `${index}` })));
    }
    return hoard.length;
  },
});
