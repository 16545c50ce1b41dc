import { definePlugin } from "playground-runner/plugin";
import { z } from "zod";

export default definePlugin({
  name: "witness",
  description: "Uses the globals that all code in a thread shares and reports what it finds.",
  timeoutMs: 60_000,
  input: z.object({ numbers: z.array(z.number()) }),
  async run({ numbers }) {
    const copy: number[] = [];
    for (const number of numbers) copy.push(number);
    const inherited: string[] = [];
    // oxlint-disable-next-line typescript/no-for-in-array, eslint/guard-for-in -- it looks for inherited keys
    for (const key in copy) if (!Object.hasOwn(copy, key)) inherited.push(key);
    await new Promise((resolve) => setTimeout(resolve, 5));
    console.log("seen");
    return {
      copy: JSON.parse(JSON.stringify(copy)) as unknown,
      inherited,
      mapped: new Map([["a", 1]]).get("a"),
      year: new Date(0).getUTCFullYear(),
      isNow: Date.now() > Date.UTC(2020),
      fetch: fetch.toString().includes("patched"),
      environment: process.env["LEFT_BEHIND"] ?? null,
      directory: process.cwd(),
    };
  },
});
