import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "exhausts-buffers",
  description: "Fills the memory with buffers, beside the heap.",
  async run() {
    const hoard: Buffer[] = [];
    for (;;) {
      hoard.push(Buffer.alloc(8 * 1024 * 1024, hoard.length));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  },
});
