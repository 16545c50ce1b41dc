export interface Ids {
  /** Returns a new id such as `job_01k…`. Ids with the same prefix sort by creation time. */
  newId(prefix: "job" | "batch" | "wh" | "evt" | "owner" | "bulk" | "file" | "sch"): string;
  /** Returns cryptographically random bytes, for secrets. */
  randomBytes(count: number): Uint8Array;
  /** Returns a number in [0, 1). */
  random(): number;
}
