import type { DeliveryState } from "../../../domain/delivery.ts";
import type { JobFilter } from "../../../ports/store/jobs.ts";
import type { Page, Paged } from "../../../ports/store/page.ts";
import type { StoreReads } from "../../../ports/store/store.ts";
import { jsonTextsOf } from "../../shared/meta-value.ts";
import { parseErrorGroupId } from "../../shared/rows.ts";
import type { Query } from "../reader.ts";
import { readJobSummaries } from "./job-summary.ts";
import {
  equals,
  exactLead,
  NOTHING,
  scanList,
  type Filter,
  type Lead,
  type List,
} from "./list-scan.ts";

/** Plugin sets whose entries are merged. With more, each job's set is checked instead. */
const MAX_MERGED_SETS = 50;
/** Sorts behind every text that begins with the prefix. */
const LAST_CHARACTER = "\u{10FFFF}";

const byStatus = (statuses: readonly string[]): Lead =>
  exactLead(
    "status = ?",
    statuses.map((status) => [status]),
  );

const LIST: List = {
  table: "jobs",
  key: ["created_at", "seq"],
  whole: byStatus(["queued", "running", "completed", "failed"]),
};

export function createReadJobs(query: Query): StoreReads["jobs"] {
  return async (filter, page) => {
    const { items, nextCursor } = await findKeys(query, filter, page);
    return { items: await readJobSummaries(query, items), nextCursor };
  };
}

export function createReadJobIds(query: Query): StoreReads["jobIds"] {
  return async (filter, page) => {
    const { items: keys, nextCursor } = await findKeys(query, filter, page);
    const rows = await query<{ seq: number; id: string }>(
      `SELECT seq, id FROM jobs WHERE seq = ANY ($1::bigint[])`,
      [keys],
    );
    const idOf = new Map(rows.map(({ seq, id }) => [seq, id]));
    return { items: keys.flatMap((key) => idOf.get(key) ?? []), nextCursor };
  };
}

async function findKeys(query: Query, filter: JobFilter, page: Page): Promise<Paged<number>> {
  const range = { after: filter.createdAfter, before: filter.createdBefore };
  return scanList(query, LIST, { filters: await toFilters(query, filter), page, range });
}

async function toFilters(query: Query, filter: JobFilter): Promise<Filter[]> {
  const { status, plugin, name, namePrefix, idPrefix, tags = [], errorGroup } = filter;
  const { meta = {}, deliveryState } = filter;
  return [
    ...(status === undefined ? [] : [ofStatus(status)]),
    ...(plugin === undefined ? [] : [await ofPlugin(query, plugin)]),
    ...(name === undefined ? [] : [equals("name", name)]),
    ...(namePrefix === undefined ? [] : [ofPrefix("name", namePrefix)]),
    ...(idPrefix === undefined ? [] : [ofPrefix("id", idPrefix)]),
    ...new Set(tags).values().map(ofTag),
    ...(errorGroup === undefined ? [] : [ofErrorGroup(errorGroup)]),
    ...Object.entries(meta).map(ofMeta),
    ...(deliveryState === undefined ? [] : [ofDeliveryState(deliveryState)]),
  ];
}

async function ofPlugin(query: Query, plugin: string): Promise<Filter> {
  const sets = await query<{ plugin_set: number }>(
    `SELECT plugin_set FROM plugin_set_members WHERE plugin = $1 LIMIT $2`,
    [plugin, MAX_MERGED_SETS + 1],
  );
  const alternatives = sets.map((row) => [row.plugin_set]);
  return {
    condition: `EXISTS (SELECT 1 FROM plugin_set_members AS member
      WHERE member.plugin = ? AND member.plugin_set = jobs.plugin_set)`,
    values: [plugin],
    lead: sets.length > MAX_MERGED_SETS ? null : exactLead("plugin_set = ?", alternatives),
  };
}

function ofStatus(statuses: readonly string[]): Filter {
  const distinct = [...new Set(statuses)];
  return { condition: `status = ANY (?::text[])`, values: [distinct], lead: byStatus(distinct) };
}

function ofPrefix(column: string, prefix: string): Filter {
  const condition = `${column} >= ? AND ${column} < ?`;
  const values = [prefix, prefix + LAST_CHARACTER];
  const lead = { condition, alternatives: [values], isOrdered: false, isExact: true };
  return { condition, values, lead };
}

function ofTag(tag: string): Filter {
  return {
    condition: `EXISTS (SELECT 1 FROM job_tags
      WHERE tag = ? AND job_tags.created_at = jobs.created_at AND job = jobs.seq)`,
    values: [tag],
    lead: {
      ...exactLead("tag = ?", [[tag]]),
      table: { name: "job_tags", key: ["created_at", "job"] },
    },
  };
}

function ofErrorGroup(id: string): Filter {
  const key = parseErrorGroupId(id);
  return key === null ? NOTHING : equals("error_group", key);
}

/** What PostgreSQL's functions for JSON refuse to read, although it is JSON. */
const UNREADABLE = String.raw`'\\u(0000|d[89a-f][0-9a-f]{2})'`;
const READABLE = String.raw`'\\ufffd'`;

/** Checked on each job: an index would cost each job an entry for each key that it has. */
function ofMeta([path, value]: readonly [string, string]): Filter {
  const keys = path.split(".");
  const json = `regexp_replace(metadata, ${UNREADABLE}, ${READABLE}, 'g')::json`;
  const found = keys.reduce((inner) => `${inner} -> ?::text`, json);
  return {
    condition: `EXISTS (SELECT 1 FROM job_specs
      WHERE job = jobs.seq AND (${found})::text IN (?, ?))`,
    values: [...keys, ...jsonTextsOf(value)],
    lead: null,
  };
}

/** Checked on each job: an index of deliveries is in their order, not in that of jobs. */
function ofDeliveryState(state: DeliveryState): Filter {
  return {
    condition: "EXISTS (SELECT 1 FROM deliveries WHERE job = jobs.seq AND deliveries.state = ?)",
    values: [state],
    lead: null,
  };
}
