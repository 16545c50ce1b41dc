/**
 * The messages between the main thread and the writer thread: write groups one way, their
 * outcomes the other. A change is a call of one of the port's writing methods, as data.
 */
import type { StoreWrites } from "../../ports/store/store.ts";
import type { ErrorData } from "./store-error.ts";

export type Writes = StoreWrites;

/** The port's writing methods, run in the writer's open transaction. */
export type Operations = {
  readonly [Name in keyof Writes]: (
    ...args: Parameters<Writes[Name]>
  ) => Awaited<ReturnType<Writes[Name]>>;
};

export type Change = {
  readonly [Name in keyof Writes]: {
    readonly name: Name;
    readonly args: Parameters<Writes[Name]>;
  };
}[keyof Writes];

export type Outcome =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: ErrorData };

/** The writer thread's `workerData`. */
export interface WriterData {
  readonly path: string;
  readonly secureDelete: boolean;
}

export type ToWriter =
  | { readonly kind: "group"; readonly changes: readonly Change[] }
  | { readonly kind: "close" };

/** The result of a write group. */
export interface Applied {
  readonly outcomes: readonly Outcome[];
  /** The duration of the commit, which is the disk's part of the work; Infinity if it failed. */
  readonly commitMs: number;
}

export type FromWriter =
  | { readonly kind: "ready" }
  | { readonly kind: "cannot-open"; readonly error: ErrorData }
  | ({ readonly kind: "applied" } & Applied);
