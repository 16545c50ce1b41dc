/** Signs texts with a key that only the daemon has. */
export interface Signer {
  /** Returns a signature in base64url. */
  sign(text: string): string;
  /** Its duration reveals nothing about the right signature. */
  isSignature(text: string, signature: string): boolean;
}
