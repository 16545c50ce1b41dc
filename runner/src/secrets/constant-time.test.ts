import crypto from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeEach, expect, test, vi } from "vitest";
import type { KnownTokens } from "../ports/known-tokens.ts";
import { createKnownTokens } from "./known-tokens.ts";
import { changeTokens, digestOf, tokenFilePath } from "./token-file.ts";
import { watchTokenFile } from "./watched-token-file.ts";

const { timingSafeEqual } = crypto;
const compare = vi.spyOn(crypto, "timingSafeEqual");
syncBuiltinESMExports();

const OWN = "own-token-0123456789";
const ADDED = ["first-added-token", "second-added-token"];

let dataDir: string;
let tokens: KnownTokens;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "playground-tokens-"));
  await changeTokens(tokenFilePath(dataDir), () =>
    ADDED.map((token, n) => ({
      name: `added-${n}`,
      scope: "run",
      sha256: digestOf(token).toString("hex"),
      createdAt: "2026-11-23T09:30:00Z",
    })),
  );
  tokens = createKnownTokens({
    ownToken: OWN,
    added: watchTokenFile({ dataDir, onError: () => {} }),
  });
  compare.mockClear();
});
afterEach(async () => {
  compare.mockImplementation(timingSafeEqual);
  await rm(dataDir, { recursive: true, force: true });
});
afterAll(() => {
  compare.mockRestore();
  syncBuiltinESMExports();
});

/** The lengths of the values that one call of `find` compared, in bytes. */
function comparedFor(given: string): number[] {
  compare.mockClear();
  tokens.find(given);
  return compare.mock.calls.flatMap((pair) => pair.map(({ byteLength }) => byteLength));
}

test("a wrong token needs the same comparisons, however similar it is to a valid one", () => {
  const nothingRight = comparedFor("x");
  expect(nothingRight).toEqual(Array.from({ length: 2 * (1 + ADDED.length) }, () => 32));
  for (const right of [OWN, ...ADDED]) {
    for (const wrong of [right[0]!, right.slice(0, -1), `${right}x`, right.toUpperCase()])
      expect(comparedFor(wrong)).toEqual(nothingRight);
  }
});

test("an added token needs the same comparisons at every position in the file", () => {
  expect(comparedFor(ADDED[0]!)).toEqual(comparedFor(ADDED[1]!));
});

test("only these comparisons decide the result", () => {
  compare.mockReturnValue(false);
  for (const right of [OWN, ...ADDED]) expect(tokens.find(right)).toBeNull();
  compare.mockReturnValue(true);
  expect(tokens.find("x")).toEqual({ name: null, scope: "admin" });
});
