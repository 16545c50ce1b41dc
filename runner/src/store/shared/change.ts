/** A change is a call of one of the port's writing methods, as data. A write group has several. */
import type { StoreWrites } from "../../ports/store/store.ts";
import type { ErrorData } from "./error-data.ts";

export type Change = {
  readonly [Name in keyof StoreWrites]: {
    readonly name: Name;
    readonly args: Parameters<StoreWrites[Name]>;
  };
}[keyof StoreWrites];

export type Outcome =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: ErrorData };

/** The result of a write group. */
export interface Applied {
  readonly outcomes: readonly Outcome[];
  /** The duration of the commit, which is the disk's part of the work; Infinity if it failed. */
  readonly commitMs: number;
}
