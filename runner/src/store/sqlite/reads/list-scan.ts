/**
 * Reads pages of a list: the rows that match every filter, the newest first. The index with the
 * fewest entries leads, the other filters are checked on each row it finds, and a page ends early,
 * with a cursor, after `MAX_READ` rows or `MAX_MS`. No list reads a whole table, whatever it looks for.
 */
import { setImmediate } from "node:timers/promises";
import type { DatabaseSync, SQLInputValue } from "node:sqlite";
import type { Page, Paged } from "../../../ports/store/page.ts";
import { systemClock } from "../../../system/clock.ts";
import { prepare, type Statement } from "../statement.ts";
import { parseCursor, toCursor } from "../../shared/cursor.ts";

/** Rows that one page reads. An index in another order leads if it has fewer entries. */
const MAX_READ = 10_000;
/** The time in which a page reads rows: somebody waits for it. */
const MAX_MS = 20;
/** Rows read before the event loop runs again: from few, because most filters match often, to 2 ms. */
const FIRST_SLICE = 100;
const MAX_SLICE = 400;
const MAX_STATEMENTS = 200;
const LATEST = Number.MAX_SAFE_INTEGER;

type Values = readonly SQLInputValue[];

/** An index that can lead to the rows. */
export interface Lead {
  /** Null for the table in the order of its key. */
  readonly index: string | null;
  /** What has the entries, if it is not the list's table. An index of null is then its own order. */
  readonly table?: EntryTable;
  /** Selects the entries, with `?` for the values of one alternative. */
  readonly condition: string;
  /** The values of each range of entries. None means that no row can match. */
  readonly alternatives: readonly Values[];
  /** False if the entries are not in the list's order. It leads only if they are few, and they are sorted. */
  readonly isOrdered: boolean;
  /** False if an entry need not match the filter, so that each row is checked as well. */
  readonly isExact: boolean;
}

/** A table beside the list's that has an entry for some of its rows. */
export interface EntryTable {
  readonly name: string;
  /** Its columns with the list's key. */
  readonly key: readonly string[];
}

export interface Filter {
  /** The condition on a row that another index found. */
  readonly condition: string;
  readonly values: Values;
  readonly lead: Lead | null;
}

/** Instants between which the first column of the key must be, both excluded. */
export interface Range {
  readonly after?: number | undefined;
  readonly before?: number | undefined;
}

export interface ListScan {
  /** Returns the keys of the rows on a page. */
  (filters: readonly Filter[], page: Page, range?: Range): Promise<Paged<number>>;
}

/** An index whose entries match the filter, and are in the list's order within each alternative. */
export function exactLead(
  index: string | null,
  condition: string,
  alternatives: readonly Values[],
): Lead {
  return { index, condition, alternatives, isOrdered: true, isExact: true };
}

/** A filter by equality, with its index. */
export function equals(column: string, value: SQLInputValue, index: string): Filter {
  const condition = `${column} = ?`;
  return { condition, values: [value], lead: exactLead(index, condition, [[value]]) };
}

/** No row matches. */
export const NOTHING: Filter = {
  condition: "0",
  values: [],
  lead: { index: null, condition: "0", alternatives: [], isOrdered: true, isExact: true },
};

/** `key` orders the list, and its last column identifies a row. `whole` leads if no filter can. */
export function createListScan(
  db: DatabaseSync,
  { table, key, whole }: { table: string; key: readonly string[]; whole: Lead },
): ListScan {
  const statements = new Map<string, Statement<Entry>>();
  const last = key.at(-1) ?? "";
  const order = `ORDER BY ${key.map((column) => `${column} DESC`).join(", ")} LIMIT ?`;

  const keyOf = (entry: Entry): number[] => key.map((column) => entry[column] ?? 0);

  function statementOf(sql: string): Statement<Entry> {
    const known = statements.get(sql);
    if (known !== undefined) return known;
    if (statements.size >= MAX_STATEMENTS) statements.clear();
    const statement = prepare<Entry>(db, sql);
    statements.set(sql, statement);
    return statement;
  }

  function from({ table: entries = { name: table, key }, index, condition }: Lead): string {
    const columns = entries.key.join(", ");
    return `FROM ${entries.name} ${index === null ? "NOT INDEXED" : `INDEXED BY ${index}`}
      WHERE ${condition} AND (${columns}) < (${key.map(() => "?").join(", ")}) AND ${entries.key[0]} > ?`;
  }

  /** The list's key of an entry. */
  const columnsOf = ({ table: entries }: Lead): string =>
    entries === undefined
      ? key.join(", ")
      : key.map((column, index) => `${entries.key[index]} AS ${column}`).join(", ");

  /** Whether the row of an entry matches. */
  function checkOf({ table: entries }: Lead, checked: readonly Filter[]): string {
    const check = toCheck(checked);
    return entries === undefined || checked.length === 0
      ? check
      : `SELECT ${check} FROM ${table} WHERE ${table}.${last} = ${entries.name}.${entries.key.at(-1)}`;
  }

  /** Counts entries up to `MAX_READ`. */
  function count(lead: Lead, bounds: Values): number {
    const statement = statementOf(`SELECT count(*) AS n FROM (SELECT 1 ${from(lead)} LIMIT ?)`);
    let sum = 0;
    for (const values of lead.alternatives) {
      sum += statement.get(...values, ...bounds, MAX_READ - sum)?.["n"] ?? 0;
      if (sum >= MAX_READ) break;
    }
    return sum;
  }

  /** The lead with the fewest entries. */
  function choose(filters: readonly Filter[], bounds: Values): Lead {
    const leads = filters.flatMap(({ lead }) => (lead === null ? [] : [lead]));
    const [only] = leads;
    if (only === undefined) return whole;
    if (leads.length === 1 && only.isOrdered) return only;
    const counted = leads
      .map((lead) => ({ lead, entries: count(lead, bounds) }))
      .filter(({ lead, entries }) => lead.isOrdered || entries < MAX_READ)
      .toSorted((a, b) => a.entries - b.entries);
    return counted[0]?.lead ?? whole;
  }

  /** Reads the next entries of a lead in the list's order, with whether each row matches. */
  function readOrdered(lead: Lead, { checked, bounds, limit }: SliceRequest): Entry[] {
    const branch = `SELECT ${columnsOf(lead)}, (${checkOf(lead, checked)}) AS matches ${from(lead)}`;
    const sql = `${lead.alternatives.map(() => branch).join(" UNION ALL ")} ${order}`;
    const checkedValues = checked.flatMap(({ values }) => values);
    const values = lead.alternatives.flatMap((own) => [...checkedValues, ...own, ...bounds]);
    return statementOf(sql).all(...values, limit);
  }

  /** Sorts the few entries of another lead, and checks their rows only as they are needed. */
  function createReadSorted(lead: Lead, bounds: Values) {
    const [own = []] = lead.alternatives;
    const sql = `SELECT ${columnsOf(lead)} ${from(lead)} ${order}`;
    const sorted = statementOf(sql).all(...own, ...bounds, MAX_READ);
    let read = 0;
    return (_lead: Lead, { checked, limit }: SliceRequest): Entry[] => {
      const slice = sorted.slice(read, (read += limit));
      const check = statementOf(
        `SELECT (${toCheck(checked)}) AS matches FROM ${table} WHERE ${last} = ?`,
      );
      const values = checked.flatMap((filter) => filter.values);
      return slice.map((entry) => ({
        ...entry,
        matches:
          checked.length === 0 ? 1 : (check.get(...values, entry[last] ?? 0)?.["matches"] ?? 0),
      }));
    };
  }

  return async (filters, page, range = {}) => {
    const cursor = page.cursor === null ? null : parseCursor(page.cursor, key.length);
    if (filters.some(({ lead }) => lead?.alternatives.length === 0)) {
      return { items: [], nextCursor: null };
    }
    const lower = range.after ?? -1;
    const start = earlier(cursor ?? key.map(() => LATEST), [range.before ?? LATEST, 0]);
    const firstBounds = [...start.slice(0, key.length), lower];
    const lead = choose(filters, firstBounds);
    const checked = filters.filter((filter) => filter.lead !== lead || !lead.isExact);
    const readSlice = lead.isOrdered ? readOrdered : createReadSorted(lead, firstBounds);
    const { found, end } = await readUntil(page.limit + 1, (limit, after) => {
      const bounds = after === null ? firstBounds : [...keyOf(after), lower];
      return readSlice(lead, { checked, bounds, limit });
    });
    const items = found.slice(0, page.limit);
    // A full page goes on behind its last item; one that ended early, behind the last row read.
    const next = found.length > page.limit ? items.at(-1) : end;
    return {
      items: items.map((item) => item[last] ?? 0),
      nextCursor: next ? toCursor(...keyOf(next)) : null,
    };
  };
}

interface SliceRequest {
  readonly checked: readonly Filter[];
  readonly bounds: Values;
  readonly limit: number;
}

type Entry = Readonly<Record<string, number>>;

function toCheck(filters: readonly Filter[]): string {
  return filters.map(({ condition }) => `(${condition})`).join(" AND ") || "1";
}

/**
 * Reads slices until `wanted` entries match, which is one more than the page has, to see whether there
 * is a next page. `end` is the last entry read, or null if there are no more.
 */
async function readUntil(
  wanted: number,
  readSlice: (limit: number, after: Entry | null) => readonly Entry[],
): Promise<{ found: Entry[]; end: Entry | null }> {
  const found: Entry[] = [];
  const from = systemClock.monotonic();
  let end: Entry | null = null;
  let size = Math.max(FIRST_SLICE, wanted);
  for (
    let read = 0;
    found.length < wanted && read < MAX_READ;
    size = Math.min(2 * size, MAX_SLICE)
  ) {
    if (end !== null) await setImmediate();
    const entries = readSlice(size, end);
    found.push(...entries.filter(({ matches }) => matches === 1));
    read += entries.length;
    if (entries.length < size) return { found, end: null };
    end = entries.at(-1) ?? null;
    if (systemClock.monotonic() - from > MAX_MS) break;
  }
  return { found, end };
}

/** Returns the key that is lower in order. */
function earlier(a: readonly number[], b: readonly number[]): readonly number[] {
  const different = a.findIndex((value, index) => value !== b[index]);
  return different < 0 || (a[different] ?? 0) < (b[different] ?? 0) ? a : b;
}
