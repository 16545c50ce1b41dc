import { setImmediate } from "node:timers/promises";
import type { DatabaseSync } from "node:sqlite";
import type { DeliveryState } from "../../../domain/delivery.ts";
import type { JobFilter } from "../../../ports/store/jobs.ts";
import type { Page, Paged } from "../../../ports/store/page.ts";
import type { StoreReads } from "../../../ports/store/store.ts";
import { jsonTextsOf } from "../../shared/meta-value.ts";
import { parseErrorGroupId } from "../../shared/rows.ts";
import { prepare } from "../statement.ts";
import { prepareReadJobSummary } from "./job-summary.ts";
import { createListScan, equals, exactLead, NOTHING, type Filter, type Lead } from "./list-scan.ts";

/** Rows read before the event loop runs again. Each has its deliveries: about 2 ms. */
const ROWS_PER_SLICE = 50;
/** Plugin sets whose entries are merged. With more, each job's set is checked instead. */
const MAX_MERGED_SETS = 50;
/** Sorts behind every text that begins with the prefix. */
const LAST_CHARACTER = "\u{10FFFF}";

const byStatus = (statuses: readonly string[]): Lead =>
  exactLead(
    "jobs_by_status",
    "status = ?",
    statuses.map((status) => [status]),
  );

export function prepareReadJobs(db: DatabaseSync): StoreReads["jobs"] {
  const findKeys = prepareFindKeys(db);
  const readSummary = prepareReadJobSummary(db);
  return async (filter, page) => {
    const { items: keys, nextCursor } = await findKeys(filter, page);
    const items = [];
    for (const [index, key] of keys.entries()) {
      if (index > 0 && index % ROWS_PER_SLICE === 0) await setImmediate();
      const summary = readSummary(key);
      // Null if the job was deleted meanwhile.
      if (summary !== null) items.push(summary);
    }
    return { items, nextCursor };
  };
}

export function prepareReadJobIds(db: DatabaseSync): StoreReads["jobIds"] {
  const findKeys = prepareFindKeys(db);
  const findId = prepare<{ id: string }>(db, `SELECT id FROM jobs WHERE seq = ?`);
  return async (filter, page) => {
    const { items: keys, nextCursor } = await findKeys(filter, page);
    return { items: keys.flatMap((key) => findId.get(key)?.id ?? []), nextCursor };
  };
}

function prepareFindKeys(db: DatabaseSync) {
  const scan = createListScan(db, {
    table: "jobs",
    key: ["created_at", "seq"],
    whole: byStatus(["queued", "running", "completed", "failed"]),
  });
  const toFilters = prepareToFilters(db);
  return (filter: JobFilter, page: Page): Promise<Paged<number>> =>
    scan(toFilters(filter), page, { after: filter.createdAfter, before: filter.createdBefore });
}

function prepareToFilters(db: DatabaseSync) {
  const findSets = prepare<{ plugin_set: number }>(
    db,
    `SELECT plugin_set FROM plugin_set_members WHERE plugin = ? LIMIT ?`,
  );

  function ofPlugin(plugin: string): Filter {
    const sets = findSets.all(plugin, MAX_MERGED_SETS + 1).map((row) => [row.plugin_set]);
    return {
      condition: "plugin_set IN (SELECT plugin_set FROM plugin_set_members WHERE plugin = ?)",
      values: [plugin],
      lead:
        sets.length > MAX_MERGED_SETS
          ? null
          : exactLead("jobs_by_plugin_set", "plugin_set = ?", sets),
    };
  }

  return (filter: JobFilter): Filter[] => {
    const { status, plugin, name, namePrefix, idPrefix, tags = [], errorGroup } = filter;
    const { meta = {}, deliveryState } = filter;
    return [
      ...(status === undefined ? [] : [ofStatus(status)]),
      ...(plugin === undefined ? [] : [ofPlugin(plugin)]),
      ...(name === undefined ? [] : [equals("name", name, "jobs_by_name")]),
      ...(namePrefix === undefined ? [] : [ofPrefix("name", namePrefix, "jobs_by_name")]),
      ...(idPrefix === undefined ? [] : [ofPrefix("id", idPrefix, "sqlite_autoindex_jobs_1")]),
      ...new Set(tags).values().map(ofTag),
      ...(errorGroup === undefined ? [] : [ofErrorGroup(errorGroup)]),
      ...Object.entries(meta).map(ofMeta),
      ...(deliveryState === undefined ? [] : [ofDeliveryState(deliveryState)]),
    ];
  };
}

function ofStatus(statuses: readonly string[]): Filter {
  const distinct = [...new Set(statuses)];
  return {
    condition: `status IN (${distinct.map(() => "?").join(", ")})`,
    values: distinct,
    lead: byStatus(distinct),
  };
}

function ofPrefix(column: string, prefix: string, index: string): Filter {
  const condition = `${column} >= ? AND ${column} < ?`;
  const values = [prefix, prefix + LAST_CHARACTER];
  const lead = { index, condition, alternatives: [values], isOrdered: false, isExact: true };
  return { condition, values, lead };
}

function ofTag(tag: string): Filter {
  return {
    condition: `EXISTS (SELECT 1 FROM job_tags
      WHERE tag = ? AND job_tags.created_at = jobs.created_at AND job = jobs.seq)`,
    values: [tag],
    lead: {
      ...exactLead(null, "tag = ?", [[tag]]),
      table: { name: "job_tags", key: ["created_at", "job"] },
    },
  };
}

function ofErrorGroup(id: string): Filter {
  const key = parseErrorGroupId(id);
  return key === null ? NOTHING : equals("error_group", key, "jobs_by_error_group");
}

/** Checked on each job: an index would cost each job an entry for each key that it has. */
function ofMeta([path, value]: readonly [string, string]): Filter {
  const keys = path.split(".");
  const found = keys.reduce((json) => `${json} -> ?`, "metadata");
  return {
    condition: `EXISTS (SELECT 1 FROM job_specs WHERE job = jobs.seq AND ${found} IN (?, ?))`,
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
