import { expect, test } from "vitest";
import { heldBytesLimit } from "./held-bytes.ts";

const MIB = 1024 * 1024;

test.each([
  [24_000, 256],
  [2_048, 256],
  [1_024, 128],
  [256, 96],
])("with %i MiB of memory, bodies can occupy %i MiB", (availableMb, limitMb) => {
  expect(heldBytesLimit(availableMb)).toBe(limitMb * MIB);
});
