/** The messages between the main thread and the writer thread: write groups one way, their outcomes the other. */
import type { StoreWrites } from "../../ports/store/store.ts";
import type { Applied, Change } from "../shared/change.ts";
import type { ErrorData } from "../shared/error-data.ts";

/** The port's writing methods, run in the writer's open transaction. */
export type Operations = {
  readonly [Name in keyof StoreWrites]: (
    ...args: Parameters<StoreWrites[Name]>
  ) => Awaited<ReturnType<StoreWrites[Name]>>;
};

/** The writer thread's `workerData`. */
export interface WriterData {
  readonly path: string;
  /** Whether no other daemon can have the file open. */
  readonly exclusive: boolean;
  readonly secureDelete: boolean;
}

export type ToWriter =
  | { readonly kind: "group"; readonly changes: readonly Change[] }
  /** Returns up to `limit` free pages to the disk. */
  | { readonly kind: "return-space"; readonly limit: number }
  | { readonly kind: "close" };

export type FromWriter =
  | { readonly kind: "ready" }
  | { readonly kind: "cannot-open"; readonly error: ErrorData }
  | ({ readonly kind: "applied" } & Applied<ErrorData>)
  | { readonly kind: "returned"; readonly more: boolean }
  | { readonly kind: "not-returned"; readonly error: ErrorData };
