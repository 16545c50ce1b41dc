import fc from "fast-check";
import { expect, test } from "vitest";
import { fairShares } from "./fair-share.ts";

const candidate = (id: number, allowance: number, isFailing = false) => ({
  id,
  allowance,
  isFailing,
});

test("destinations get equal parts, and none more than its own limits allow", () => {
  const candidates = [candidate(1, 1), candidate(2, 64), candidate(3, 0)];
  expect(fairShares(candidates, { all: 8, failing: 4 })).toEqual([
    { id: 1, limit: 1 },
    { id: 2, limit: 4 },
  ]);
});

test("the first destinations get an attempt each when there is not enough for all", () => {
  const candidates = [candidate(3, 2), candidate(1, 2), candidate(2, 2)];
  expect(fairShares(candidates, { all: 2, failing: 2 }).map(({ id }) => id)).toEqual([3, 1]);
});

test("failing destinations leave the rest of the room to others", () => {
  const dead = Array.from({ length: 20 }, (_, id) => candidate(id, 1, true));
  const shares = fairShares([...dead, candidate(99, 1)], { all: 8, failing: 4 });
  expect(shares.map(({ id }) => id)).toEqual([0, 1, 2, 3, 99]);
});

test("shares never exceed the room or an allowance, and none is zero", () => {
  const aCandidate = fc.record({
    id: fc.nat(),
    allowance: fc.nat(100),
    isFailing: fc.boolean(),
  });
  const candidates = fc.uniqueArray(aCandidate, { selector: ({ id }) => id, maxLength: 64 });
  fc.assert(
    fc.property(candidates, fc.nat(300), fc.nat(300), (due, all, failing) => {
      const shares = fairShares(due, { all, failing });
      const limitOf = new Map(shares.map(({ id, limit }) => [id, limit]));
      const sum = (some: typeof due): number =>
        some.reduce((total, { id }) => total + (limitOf.get(id) ?? 0), 0);
      expect(sum(due)).toBeLessThanOrEqual(all);
      expect(sum(due.filter(({ isFailing }) => isFailing))).toBeLessThanOrEqual(failing);
      for (const { id, allowance } of due) {
        expect(limitOf.get(id) ?? 1).toBeGreaterThan(0);
        expect(limitOf.get(id) ?? 0).toBeLessThanOrEqual(allowance);
      }
    }),
  );
});
