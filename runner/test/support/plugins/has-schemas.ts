import { definePlugin } from "playground-runner/plugin";
import { z } from "zod";

export default definePlugin({
  name: "has-schemas",
  description: "Checks its input, its options and its output.",
  input: z.object({ people: z.array(z.object({ age: z.int().min(0) })) }),
  options: z.object({ add: z.number().default(1), lie: z.boolean().default(false) }),
  output: z.object({ sum: z.number() }),
  run(input, { options }) {
    const sum = input.people.reduce((total, { age }) => total + age, options.add);
    return options.lie ? ({ sum: "much" } as unknown as { sum: number }) : { sum };
  },
});
