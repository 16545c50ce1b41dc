export interface DatabaseReport {
  readonly schemaVersion: number;
  /** Whether an earlier version of the program wrote it. Its invariants are then not checked. */
  readonly isOlder: boolean;
  /** The sentences that are true. */
  readonly passed: readonly string[];
  /** The sentences that are not true, each with the problems found. */
  readonly broken: readonly { readonly sentence: string; readonly problems: readonly string[] }[];
}

/** The content of files. */
export interface ListedContent {
  readonly sha256: string;
  readonly size: number;
}
