import { setTimeout } from "node:timers/promises";
import { definePlugin } from "playground-runner/plugin";
import { z } from "zod";

export default definePlugin({
  name: "visit",
  description: "Waits without using the CPU, one job at a time.",
  input: z.object({ domain: z.string(), ms: z.number().min(0) }),
  limits: { concurrency: 1, perKey: { key: "input.domain", concurrency: 1 } },
  async run({ ms }, { signal }) {
    await setTimeout(ms, undefined, { signal });
  },
});
