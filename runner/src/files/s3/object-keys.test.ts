import { expect, test } from "vitest";
import { keyOf, parseKey, unusedKeyOf } from "./object-keys.ts";

const SHA256 = "ab".padEnd(64, "0");

test("the keys that daemons give are read back", () => {
  expect(parseKey(keyOf(SHA256))).toEqual({ sha256: SHA256, isUnused: false });
  expect(parseKey(unusedKeyOf(SHA256))).toEqual({ sha256: SHA256, isUnused: true });
});

test.each([
  SHA256,
  "notes.txt",
  "owner",
  `ab/${SHA256.toUpperCase()}`,
  `ab/${SHA256}.txt`,
  `ab/${SHA256}.unused.txt`,
  `ab/${SHA256.slice(1)}`,
  `ab/${SHA256}0`,
  `cd/${SHA256}`,
  `x/ab/${SHA256}`,
])("%s is not a key that a daemon gave", (key) => {
  expect(parseKey(key)).toBeNull();
});
