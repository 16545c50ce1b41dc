/**
 * What crosses between the main thread and the writer thread: a batch of changes one way, their
 * outcomes the other. A change is a call of one of the port's writing methods, as data.
 */
import type { StoreWrites } from "../../ports/store/store.ts";
import type { ErrorData } from "./store-error.ts";

export type Writes = StoreWrites;

/** The port's writing methods, within the writer's open transaction. */
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

/** What the writer thread is started with. */
export interface WriterData {
  readonly path: string;
}

export type ToWriter =
  | { readonly kind: "batch"; readonly changes: readonly Change[] }
  | { readonly kind: "close" };

/** What became of a batch. */
export interface Applied {
  readonly outcomes: readonly Outcome[];
  /** What the commit took, the disk's part of the work; Infinity when there was none. */
  readonly commitMs: number;
}

export type FromWriter =
  | { readonly kind: "ready" }
  | { readonly kind: "cannot-open"; readonly error: ErrorData }
  | ({ readonly kind: "applied" } & Applied);
