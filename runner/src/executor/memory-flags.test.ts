import { expect, test } from "vitest";
import { executorFlags, memoryFlagsIn, withoutMemoryFlags } from "./memory-flags.ts";

const GROWTH = "--heap-growing-percent=50";

test.each([
  ["--max-old-space-size=3000", ["--max-old-space-size=3000"], ""],
  ["--max_old_space_size=3000 --no-warnings", ["--max_old_space_size=3000"], "--no-warnings"],
  [
    '--enable-source-maps "--max-old-space-size=4096"',
    ['"--max-old-space-size=4096"'],
    "--enable-source-maps",
  ],
  ["--max-old-space-size 3000 --trace-uncaught", ["--max-old-space-size 3000"], "--trace-uncaught"],
  ["--max-old-space-size-percentage=50", ["--max-old-space-size-percentage=50"], ""],
  ["--max-http-header-size=100", [], "--max-http-header-size=100"],
])("NODE_OPTIONS %s", (options, flags, rest) => {
  expect(memoryFlagsIn(options)).toEqual(flags);
  expect(withoutMemoryFlags({ NODE_OPTIONS: options, HOME: "/root" })).toEqual({
    NODE_OPTIONS: rest,
    HOME: "/root",
  });
});

test("an environment without NODE_OPTIONS stays as it is", () => {
  expect(withoutMemoryFlags({ HOME: "/root" })).toEqual({ HOME: "/root" });
});

test("an executor gets the daemon's flags, without those for memory and for the debugger", () => {
  const flags = ["--import", "./a.ts", "--max-old-space-size=9", "--inspect=0", "--no-warnings"];
  expect(executorFlags(flags)).toEqual([GROWTH, "--import", "./a.ts", "--no-warnings"]);
  expect(executorFlags(["--max-old-space-size", "9", "--expose-gc"])).toEqual([
    GROWTH,
    "--expose-gc",
  ]);
});
