export interface Ids {
  /** A new id such as `job_01k…`; ids of one prefix sort by the time they were made. */
  newId(prefix: "job" | "wh" | "owner"): string;
  /** In [0, 1). */
  random(): number;
}
