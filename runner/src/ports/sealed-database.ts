/** A database that no daemon uses, in one transaction. */
export interface SealedDatabase {
  meta(key: string): Promise<string | null>;
  setMeta(key: string, value: string): Promise<void>;
  /**
   * Replaces everything that the vault has sealed for a row, except in `meta`. Null leaves a value as it is.
   * Returns how many were replaced, and names the others.
   */
  reseal(
    reseal: (sealed: string, row: string) => string | null,
  ): Promise<{ readonly replaced: number; readonly left: readonly string[] }>;
}
