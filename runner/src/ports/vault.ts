/** Encrypts what must not be readable in the store: secrets, and the values of webhook headers. */
export interface Vault {
  /** `row` identifies the row that stores the result. It opens only with the same one. */
  seal(plain: string, row: string): string;
  /** Throws a `Defect` when the text was sealed with another key or for another row, or was changed. */
  open(sealed: string, row: string): string;
}
