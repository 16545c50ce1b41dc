/**
 * Reads pages of a list: the rows that match every filter, the newest first. The index with the
 * fewest entries leads, the other filters are checked on each row it finds, and a page ends early,
 * with a cursor, after `MAX_READ` rows or `MAX_MS`. No list reads a whole table, whatever it looks for.
 *
 * A statement has only the leading condition in its WHERE, and the others in its result: so PostgreSQL
 * has one index to choose, and cannot be wrong about how many rows match.
 */
import type { Page, Paged } from "../../../ports/store/page.ts";
import { systemClock } from "../../../system/clock.ts";
import { parseCursor, toCursor } from "../../shared/cursor.ts";
import type { Query } from "../reader.ts";
import type { Value } from "../text.ts";

/** Rows that one page reads. An index in another order leads if it has fewer entries. */
const MAX_READ = 10_000;
/** The time in which a page reads rows: somebody waits for it. */
const MAX_MS = 50;
const FIRST_SLICE = 100;
const MAX_SLICE = 1_000;
const LATEST = Number.MAX_SAFE_INTEGER;

type Values = readonly Value[];

/** An index that can lead to the rows. */
export interface Lead {
  /** What has the entries, if it is not the list's table. */
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
  /** The condition on a row that another index found, with `?` for its values. */
  readonly condition: string;
  readonly values: Values;
  readonly lead: Lead | null;
}

/** Instants between which the first column of the key must be, both excluded. */
export interface Range {
  readonly after?: number | undefined;
  readonly before?: number | undefined;
}

/** An index whose entries match the filter, and are in the list's order within each alternative. */
export function exactLead(condition: string, alternatives: readonly Values[]): Lead {
  return { condition, alternatives, isOrdered: true, isExact: true };
}

/** A filter by equality, with an index. */
export function equals(column: string, value: Value): Filter {
  const condition = `${column} = ?`;
  return { condition, values: [value], lead: exactLead(condition, [[value]]) };
}

/** No row matches. */
export const NOTHING: Filter = {
  condition: "false",
  values: [],
  lead: { condition: "false", alternatives: [], isOrdered: true, isExact: true },
};

interface Entry {
  readonly [column: string]: number | boolean;
}

interface SliceRequest {
  readonly checked: readonly Filter[];
  readonly bounds: Values;
  readonly limit: number;
}

export interface List {
  readonly table: string;
  /** Orders the list, and its last column identifies a row. */
  readonly key: readonly string[];
  /** Leads if no filter can. */
  readonly whole: Lead;
}

/** Returns the keys of the rows on a page. */
export async function scanList(
  query: Query,
  list: List,
  { filters, page, range = {} }: { filters: readonly Filter[]; page: Page; range?: Range },
): Promise<Paged<number>> {
  const { key } = list;
  const cursor = page.cursor === null ? null : parseCursor(page.cursor, key.length);
  if (filters.some(({ lead }) => lead?.alternatives.length === 0)) {
    return { items: [], nextCursor: null };
  }
  const keyOf = (entry: Entry): number[] => key.map((column) => Number(entry[column] ?? 0));
  const lower = range.after ?? -1;
  const start = earlier(cursor ?? key.map(() => LATEST), [range.before ?? LATEST, 0]);
  const firstBounds = [...start.slice(0, key.length), lower];
  const lead = await choose(query, list, { filters, bounds: firstBounds });
  const checked = filters.filter((filter) => filter.lead !== lead || !lead.isExact);
  const readSlice = lead.isOrdered
    ? (request: SliceRequest) => readOrdered(query, list, { ...request, lead })
    : await createReadSorted(query, list, { lead, bounds: firstBounds });
  const { found, end } = await readUntil(page.limit + 1, (limit, after) => {
    const bounds = after === null ? firstBounds : [...keyOf(after), lower];
    return readSlice({ checked, bounds, limit });
  });
  const items = found.slice(0, page.limit);
  // A full page goes on behind its last item; one that ended early, behind the last row read.
  const last = found.length > page.limit ? items.at(-1) : end;
  return {
    items: items.map((entry) => Number(entry[key.at(-1) ?? ""])),
    nextCursor: last === null || last === undefined ? null : toCursor(...keyOf(last)),
  };
}

/** Numbers the placeholders of parts that are put together. */
function numbered(sql: string): string {
  let number = 0;
  return sql.replaceAll("?", () => `$${(number += 1)}`);
}

function toCheck(filters: readonly Filter[]): string {
  return filters.length === 0
    ? "true"
    : filters.map(({ condition }) => `coalesce((${condition}), false)`).join(" AND ");
}

function fromOf({ table, key }: List, { table: entries, condition }: Lead): string {
  const { name, key: columns } = entries ?? { name: table, key };
  return `FROM ${name} WHERE ${condition}
    AND (${columns.join(", ")}) < (${key.map(() => "?::bigint").join(", ")}) AND ${columns[0]} > ?::bigint`;
}

/** The list's key of an entry. */
const columnsOf = ({ key }: List, { table: entries }: Lead): string =>
  entries === undefined
    ? key.join(", ")
    : key.map((column, index) => `${entries.key[index]} AS ${column}`).join(", ");

/** Whether the row of an entry matches. */
function checkOf(
  { table, key }: List,
  { table: entries }: Lead,
  checked: readonly Filter[],
): string {
  const check = toCheck(checked);
  return entries === undefined || checked.length === 0
    ? check
    : `coalesce((SELECT ${check} FROM ${table}
        WHERE ${table}.${key.at(-1)} = ${entries.name}.${entries.key.at(-1)}), false)`;
}

const orderOf = ({ key }: List): string =>
  `ORDER BY ${key.map((column) => `${column} DESC`).join(", ")} LIMIT ?`;

/** The lead with the fewest entries. */
async function choose(
  query: Query,
  list: List,
  { filters, bounds }: { filters: readonly Filter[]; bounds: Values },
): Promise<Lead> {
  const leads = filters.flatMap(({ lead }) => (lead === null ? [] : [lead]));
  const [only] = leads;
  if (only === undefined) return list.whole;
  if (leads.length === 1 && only.isOrdered) return only;
  const counted = await Promise.all(
    leads.map(async (lead) => ({ lead, entries: await count(query, list, { lead, bounds }) })),
  );
  const [fewest] = counted
    .filter(({ lead, entries }) => lead.isOrdered || entries < MAX_READ)
    .toSorted((a, b) => a.entries - b.entries);
  return fewest?.lead ?? list.whole;
}

/** Counts entries up to `MAX_READ`. */
async function count(
  query: Query,
  list: List,
  { lead, bounds }: { lead: Lead; bounds: Values },
): Promise<number> {
  const sql = numbered(
    `SELECT count(*) AS n FROM (SELECT 1 ${fromOf(list, lead)} LIMIT ?) AS entry`,
  );
  let sum = 0;
  for (const values of lead.alternatives) {
    const [row] = await query<{ n: number }>(sql, [...values, ...bounds, MAX_READ - sum]);
    sum += row?.n ?? 0;
    if (sum >= MAX_READ) break;
  }
  return sum;
}

/** Reads the next entries of a lead in the list's order, with whether each row matches. */
function readOrdered(
  query: Query,
  list: List,
  { lead, checked, bounds, limit }: SliceRequest & { lead: Lead },
): Promise<Entry[]> {
  const order = orderOf(list);
  // Each alternative is limited, so that it is read from its own index in the list's order.
  const branch = `(SELECT ${columnsOf(list, lead)}, ${checkOf(list, lead, checked)} AS matches ${fromOf(list, lead)} ${order})`;
  const sql = `SELECT * FROM (${lead.alternatives.map(() => branch).join(" UNION ALL ")}) AS entry ${order}`;
  const checkedValues = checked.flatMap(({ values }) => values);
  const values = lead.alternatives.flatMap((own) => [...checkedValues, ...own, ...bounds, limit]);
  return query<Entry>(numbered(sql), [...values, limit]);
}

/** Sorts the few entries of another lead, and checks their rows only as they are needed. */
async function createReadSorted(
  query: Query,
  list: List,
  { lead, bounds }: { lead: Lead; bounds: Values },
) {
  const last = list.key.at(-1) ?? "";
  const [own = []] = lead.alternatives;
  const sql = `SELECT ${columnsOf(list, lead)} ${fromOf(list, lead)} ${orderOf(list)}`;
  const sorted = await query<Entry>(numbered(sql), [...own, ...bounds, MAX_READ]);
  let read = 0;
  return async ({ checked, limit }: SliceRequest): Promise<Entry[]> => {
    const slice = sorted.slice(read, (read += limit));
    const values = checked.flatMap((filter) => filter.values);
    const matching = await query<Record<string, number>>(
      numbered(
        `SELECT ${last} FROM ${list.table} WHERE ${last} = ANY (?::bigint[]) AND ${toCheck(checked)}`,
      ),
      [slice.map((entry) => Number(entry[last])), ...values],
    );
    const found = new Set(matching.map((row) => row[last]));
    return slice.map((entry) => ({ ...entry, matches: found.has(Number(entry[last])) }));
  };
}

/** Reads slices until enough rows match. `end` is the last row read if there can be more behind it. */
async function readUntil(
  wanted: number,
  readSlice: (limit: number, after: Entry | null) => Promise<readonly Entry[]>,
): Promise<{ found: Entry[]; end: Entry | null }> {
  const found: Entry[] = [];
  const from = systemClock.monotonic();
  let end: Entry | null = null;
  let size = Math.max(FIRST_SLICE, wanted);
  for (
    let read = 0;
    found.length < wanted && read < MAX_READ;
    size = Math.min(2 * size, Math.max(MAX_SLICE, wanted))
  ) {
    const entries: readonly Entry[] = await readSlice(size, end);
    found.push(...entries.filter(({ matches }) => matches === true));
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
