import type { JobFilter } from "../../jobs/job-list.ts";

/** The filters that are one text each, as they are named in the address and in the API. */
export const TEXT_FILTERS = [
  "plugin",
  "name",
  "namePrefix",
  "idPrefix",
  "errorGroup",
  "createdAfter",
  "createdBefore",
] as const;

/** The filter that the address names. The API checks its values. */
export function filterOf(query: URLSearchParams): JobFilter {
  const filter: Record<string, string | string[]> = {};
  for (const name of ["status", "tag"]) {
    const values = query.getAll(name);
    if (values.length > 0) filter[name] = values;
  }
  for (const name of TEXT_FILTERS) {
    const value = query.get(name);
    if (value !== null && value !== "") filter[name] = value;
  }
  // The address can name any state. The API says what is wrong with it.
  return filter;
}

export function isFiltered(query: URLSearchParams): boolean {
  return Object.keys(filterOf(query)).length > 0;
}
