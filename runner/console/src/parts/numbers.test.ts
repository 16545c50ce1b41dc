import { expect, test } from "vitest";
import { formatBytes, plural } from "./numbers.ts";

test.each([
  [812, "812 bytes"],
  [1_000, "1.0 kB"],
  [64_000, "64 kB"],
  [999_600, "1.0 MB"],
  [48_000_000, "48 MB"],
  [1_500_000_000, "1.5 GB"],
])("%i bytes are written as %s", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

test("what is counted has its plural", () => {
  expect([plural(1, "job"), plural(1_200, "job"), plural(0, "entry", "entries")]).toEqual([
    "1 job",
    "1,200 jobs",
    "0 entries",
  ]);
});
