import { setTimeout } from "node:timers/promises";
import { definePlugin } from "playground-runner/plugin";
import { z } from "zod";

export default definePlugin({
  name: "pause",
  description: "Waits without using the CPU.",
  input: z.object({ ms: z.number().min(0) }),
  async run(input) {
    await setTimeout(input.ms);
  },
});
