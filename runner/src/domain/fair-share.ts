/** Divides the attempts that can begin now among the destinations that have deliveries due. Pure. */

export interface Candidate {
  readonly id: number;
  /** Attempts that the destination's own limits allow. */
  readonly allowance: number;
  readonly isFailing: boolean;
}

export interface Share {
  readonly id: number;
  /** Attempts that the destination can begin. */
  readonly limit: number;
}

/**
 * Returns the shares of the candidates that get at least one attempt, in the order given. Each gets
 * an equal part of `room.all`; failing ones together get `room.failing` at most.
 */
export function fairShares(
  candidates: readonly Candidate[],
  room: { readonly all: number; readonly failing: number },
): readonly Share[] {
  let ready = 0;
  for (const { allowance } of candidates) if (allowance > 0) ready += 1;
  const equalPart = Math.max(1, Math.floor(room.all / Math.max(1, ready)));
  const shares: Share[] = [];
  let { all, failing } = room;
  for (const { id, allowance, isFailing } of candidates) {
    const left = isFailing ? Math.min(all, failing) : all;
    const limit = Math.min(allowance, equalPart, left);
    if (limit <= 0) continue;
    shares.push({ id, limit });
    all -= limit;
    if (isFailing) failing -= limit;
  }
  return shares;
}
