import type { StoreWrites } from "../../ports/store/store.ts";
import type { Transaction } from "./transaction.ts";

/** A writing method of the port, run in the transaction of its write group. */
export type Operation<Name extends keyof StoreWrites> = (
  tx: Transaction,
  ...args: Parameters<StoreWrites[Name]>
) => ReturnType<StoreWrites[Name]>;

export type Operations = { readonly [Name in keyof StoreWrites]: Operation<Name> };
