import { definePlugin } from "playground-runner/plugin";

export default definePlugin({
  name: "blocks",
  description: "Blocks its thread without using the CPU.",
  run() {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  },
});
