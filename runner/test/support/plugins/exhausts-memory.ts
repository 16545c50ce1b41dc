import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "exhausts-memory",
  description: "Fills the heap.",
  run() {
    const hoard: unknown[] = [];
    for (;;) hoard.push(Array.from({ length: 10_000 }, (_, index) => ({ index })));
  },
});
