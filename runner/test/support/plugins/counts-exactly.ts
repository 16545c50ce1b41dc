import { definePlugin } from "playground-runner/plugin";
import { z } from "zod";

export default definePlugin({
  name: "counts-exactly",
  description: "Adds one to integers of any size.",
  exactIntegers: true,
  input: z.object({ id: z.coerce.bigint(), ids: z.array(z.union([z.int(), z.bigint()])) }),
  options: z.object({ small: z.int().optional() }),
  run({ id, ids }, ctx) {
    ctx.log.info("counting", { id });
    const types = ids.map((each) => typeof each);
    return { next: id + 1n, ids, types, original: ctx.job.input };
  },
});
