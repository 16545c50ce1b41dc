/** Encrypts what must not be readable in the store: secrets, and the values of webhook headers. */
export interface Vault {
  seal(plain: string): string;
  /** Throws a `Defect` when the text was sealed with another key, or was changed. */
  open(sealed: string): string;
}
