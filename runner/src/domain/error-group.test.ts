import { describe, expect, test } from "vitest";
import { toErrorGroup } from "./error-group.ts";
import { cpuMsOf } from "../../test/support/cpu-time.ts";

const messageOf = (message: string): string =>
  toErrorGroup("p", { code: "PLUGIN_THREW", message }).message;

describe("the message of an error group", () => {
  test.each([
    ["row 17 has no price", "row # has no price"],
    ["took 1,204.5 ms at 12:30:01", "took # ms at #"],
    ["no job job_01k9zr0000000000000000000", "no job job_#"],
    ["user 6f1c3f0a-6e0e-4e57-9a3f-2f9d1e6a7b10 is gone", "user # is gone"],
    ["digest d41d8cd98f00b204e9800998ecf8427e is wrong", "digest # is wrong"],
    ["connect ECONNREFUSED 127.0.0.1:5432", "connect ECONNREFUSED #"],
    ["The column price is missing", "The column price is missing"],
  ])("has no numbers and ids: %s", (message, normal) => {
    expect(messageOf(message)).toBe(normal);
  });

  test("is the first line that has text, cut to 200 characters", () => {
    expect(messageOf("\n  bad row\n    at line 3")).toBe("bad row");
    expect(messageOf(`${"é".repeat(300)} 7`)).toBe("é".repeat(200));
    expect(messageOf("")).toBe("");
  });

  test("is found in a few ms, however long the line is", async () => {
    for (const unit of ["a1", "a", "1", "1.", "0-", "_"]) {
      const line = unit.repeat(4_000_000);
      expect(await cpuMsOf(() => messageOf(line))).toBeLessThan(500);
    }
  });
});

test("an error group has the plugin and the code", () => {
  expect(toErrorGroup("csv", { code: "PLUGIN_TIMEOUT", message: "m" })).toEqual({
    plugin: "csv",
    code: "PLUGIN_TIMEOUT",
    message: "m",
  });
});
