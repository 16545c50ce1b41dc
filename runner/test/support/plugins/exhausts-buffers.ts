import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "exhausts-buffers",
  description: "Fills memory with buffers outside the heap.",
  async run() {
    const hoard: Buffer[] = [];
    for (;;) {
      hoard.push(Buffer.alloc(8 * 1024 * 1024, hoard.length));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  },
});
