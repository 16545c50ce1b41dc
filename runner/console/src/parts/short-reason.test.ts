import { expect, test } from "vitest";
import { toShortReason } from "./short-reason.ts";

test.each([
  [
    "Given up after 1 attempt: the request failed with ECONNREFUSED: connect ECONNREFUSED 127.0.0.1:9.",
    "Given up after 1 attempt: the request failed with connect ECONNREFUSED 127.0.0.1:9.",
  ],
  ["ECONNREFUSED: connect ECONNREFUSED 127.0.0.1:9", "connect ECONNREFUSED 127.0.0.1:9"],
  [
    "EGRESS_REFUSED: 10.0.0.1 is a private address",
    "EGRESS_REFUSED: 10.0.0.1 is a private address",
  ],
  [null, ""],
])("a code is shown once: %s", (reason, short) => {
  expect(toShortReason(reason)).toBe(short);
});
