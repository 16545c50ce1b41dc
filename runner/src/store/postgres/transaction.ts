import type { DeliveryState } from "../../domain/delivery.ts";
import type { ErrorGroup } from "../../domain/error-group.ts";
import type { JobStatus } from "../../domain/job-spec.ts";
import { Defect } from "../../domain/errors.ts";
import { createGatherRows, type PlacedRow } from "./gather-rows.ts";
import type { Session } from "./session.ts";
import type { Value } from "./text.ts";
import type { Turns } from "./turns.ts";

export type Counted =
  | { readonly kind: "job"; readonly state: JobStatus }
  | { readonly kind: "delivery"; readonly state: DeliveryState }
  /** Contents that several files have count once. */
  | { readonly kind: "file"; readonly state: "files" | "bytes" };

/** The transaction of a write group, as an operation uses it. */
export interface Transaction {
  readonly turns: Turns;
  query<Row = never>(sql: string, values?: readonly Value[]): Promise<Row[]>;
  /**
   * Runs a statement for one row, together with the rows that other operations give it now: see
   * gather-rows.ts. Resolves with what it returns for this row.
   */
  rows<Row extends PlacedRow>(sql: string, values: readonly Value[]): Promise<Row[]>;
  /** The same for a statement that returns one row at most. */
  row<Row extends PlacedRow = PlacedRow>(
    sql: string,
    values: readonly Value[],
  ): Promise<Row | undefined>;
  /** Adds to the count of rows in a state, or of bytes. The counts are stored once, at the end of the group. */
  count(counted: Counted, by: number): void;
  /** The number of queued jobs, with what this transaction has changed so far. */
  queued(): number;
  /** Call it when the transaction has stored a job that can be claimed. */
  addReady(): void;
  /** Whether the transaction has stored a job that can be claimed: another must not be handed over before it. */
  hasNewReady(): boolean;
  /** Returns the key of a job that the group changes, or undefined if there was none with this id. */
  job(id: string): number | undefined;
  /** Returns the key of an error group, which was stored at the start of the transaction. */
  errorGroup(group: ErrorGroup): number | null;
  /** Calls `act` when the transaction has been committed. */
  onCommit(act: () => void): void;
  /** Throws `NeedsExclusive` unless no other write group runs, in any daemon. */
  needExclusive(): void;
  /** Call it at the beginning of an operation that runs beside others, but whose rows must have their order. */
  takeTurn(): Turn;
}

/** A place in the order of the calls. */
export interface Turn {
  /** Resolves when all before it have sent their statement. */
  readonly ready: Promise<void>;
  /** The statement is sent, or there is none. */
  done(): void;
}

/** The group must be repeated in a transaction beside which no other write group runs. */
export class NeedsExclusive extends Error {
  override readonly name = "NeedsExclusive";
}

export interface OpenTransaction extends Transaction {
  /** What changed, by kind and state. */
  readonly counts: ReadonlyMap<string, number>;
  /** Returns a function that forgets what was counted since. */
  mark(): () => void;
  /** Later statements of an operation that was given up are rejected: they would run outside. */
  end(): void;
  committed(): void;
}

export interface Start {
  /** Whether no other write group runs. */
  readonly isExclusive: boolean;
  /** The number of queued jobs at the start of the transaction. */
  readonly queued: number;
  readonly errorGroups: ReadonlyMap<string, number>;
  /** The keys of the jobs that the group changes, by their ids. */
  readonly jobs: ReadonlyMap<string, number>;
}

export function errorGroupKey({ plugin, code, message }: ErrorGroup): string {
  return JSON.stringify([plugin, code, message]);
}

export function createTransaction(
  { session, turns }: { session: Session; turns: Turns },
  start: Start,
): OpenTransaction {
  const counts = new Map<string, number>();
  let acts: (() => void)[] = [];
  let hasEnded = false;
  let hasNewReady = false;
  let lastTurn = Promise.resolve();

  function query<Row>(sql: string, values?: readonly Value[]): Promise<Row[]> {
    if (!hasEnded) return session.query<Row>(sql, values);
    return Promise.reject(new Defect("STORE_FAILED", "The transaction has ended."));
  }

  const rows = createGatherRows(query) as OpenTransaction["rows"];

  return {
    turns,
    counts,
    query,
    rows,
    row: async <Row extends PlacedRow>(sql: string, values: readonly Value[]) =>
      (await rows<Row>(sql, values))[0],
    addReady: () => void (hasNewReady = true),
    hasNewReady: () => hasNewReady,
    job: (id) => start.jobs.get(id),
    count({ kind, state }, by) {
      const key = `${kind} ${state}`;
      counts.set(key, (counts.get(key) ?? 0) + by);
    },
    queued: () => start.queued + (counts.get("job queued") ?? 0),
    errorGroup: (group) => start.errorGroups.get(errorGroupKey(group)) ?? null,
    onCommit: (act) => void acts.push(act),
    needExclusive() {
      if (!start.isExclusive) throw new NeedsExclusive();
    },
    takeTurn() {
      const ready = lastTurn;
      const { promise, resolve } = Promise.withResolvers<void>();
      lastTurn = promise;
      return { ready, done: () => resolve(ready) };
    },
    mark() {
      const before = { counts: [...counts], acts: [...acts] };
      return () => {
        counts.clear();
        for (const [key, by] of before.counts) counts.set(key, by);
        acts = before.acts;
      };
    },
    end: () => void (hasEnded = true),
    committed() {
      for (const act of acts) act();
    },
  };
}
