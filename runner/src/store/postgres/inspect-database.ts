import type { StoreCounts } from "../../ports/store/upkeep.ts";
import type { DatabaseReport, ListedContent } from "../shared/database-report.ts";
import { check } from "./check-database.ts";
import { maskUrl } from "./mask-url.ts";
import { readSnapshot, type Place } from "./read-snapshot.ts";
import { createReadCounts } from "./reads/status.ts";

export interface DatabaseInspection {
  /** The URL without its password. */
  readonly name: string;
  readonly report: DatabaseReport;
  /** The contents that the files have, once each. */
  readonly contents: readonly ListedContent[];
  readonly counts: StoreCounts;
}

/** Checks one snapshot of the database, and reads what it contains. Rejects as `checkDatabase` does. */
export function inspectDatabase(place: Place): Promise<DatabaseInspection> {
  return readSnapshot(place, async (session) => ({
    name: maskUrl(place.url),
    report: await check(session),
    contents: await session.query<ListedContent>(`SELECT sha256, size FROM file_contents`),
    counts: await createReadCounts((sql, values) => session.query(sql, values))(),
  }));
}
