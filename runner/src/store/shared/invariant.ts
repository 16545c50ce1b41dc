export interface Invariant {
  /** The sentence. `playground-runner check` prints it. */
  readonly sentence: string;
  /** Selects descriptions of what contradicts the sentence, as `problem`. */
  readonly sql: string;
}
