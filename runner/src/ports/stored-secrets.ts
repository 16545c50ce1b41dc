export type SecretFound =
  | { readonly value: string }
  /** Why it cannot be used, as a sentence. */
  | { readonly error: string };

/** The secrets in the store, as they were last read. */
export interface StoredSecrets {
  /** Resolves when they have been read once, or could not be. */
  ready(): Promise<void>;
  find(name: string): SecretFound | null;
  /** Reads them again if one has changed. Returns whether one has. */
  read(): Promise<boolean>;
}
