export interface Ids {
  /** A new id such as `job_01k…`; ids of one prefix sort by the time they were made. */
  newId(prefix: "job" | "batch" | "wh" | "evt" | "owner"): string;
  /** For secrets: not to be guessed. */
  randomBytes(count: number): Uint8Array;
  /** In [0, 1). */
  random(): number;
}
