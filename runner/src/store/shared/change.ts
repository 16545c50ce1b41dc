/** A change is a call of one of the port's writing methods, as data. A write group has several. */
import type { StoreWrites } from "../../ports/store/store.ts";

export type Change = {
  readonly [Name in keyof StoreWrites]: {
    readonly name: Name;
    readonly args: Parameters<StoreWrites[Name]>;
  };
}[keyof StoreWrites];

/** `Failure` is an error as data where it comes from another thread. */
export type Outcome<Failure = Error> =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: Failure };

/** The result of a write group. */
export interface Applied<Failure = Error> {
  readonly outcomes: readonly Outcome<Failure>[];
  /** The duration of the commit, which is the disk's part of the work; Infinity if it failed. */
  readonly commitMs: number;
}
