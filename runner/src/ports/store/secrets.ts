/** A secret of plugins that was set by the API. */
export interface StoredSecret {
  readonly name: string;
  /** Each value that the secret has had has another one. */
  readonly revision: string;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface SealedSecret extends Pick<StoredSecret, "name" | "revision"> {
  /** The value, sealed by the vault. */
  readonly sealed: string;
}

export interface SecretWrites {
  /** Sets a secret, in place of the value before. Stores nothing if it is a new one and there are `maxSecrets` already. */
  setSecret(
    secret: { readonly name: string; readonly sealed: string },
    request: { readonly now: number; readonly maxSecrets: number },
  ): Promise<"created" | "changed" | "limit">;
  /** Returns false if no secret has the name. */
  removeSecret(name: string): Promise<boolean>;
}

export interface SecretReads {
  /** Returns all secrets without their values, by name. */
  secrets(): Promise<readonly StoredSecret[]>;
  /** Returns the values of all secrets, sealed. */
  sealedSecrets(): Promise<readonly SealedSecret[]>;
}
