import type { JobFilter } from "../../jobs/job-list.ts";

/** The filters that are one text each, as they are named in the address and in the API. */
export const TEXT_FILTERS = [
  "plugin",
  "name",
  "namePrefix",
  "idPrefix",
  "errorGroup",
  "deliveryState",
  "createdAfter",
  "createdBefore",
] as const;

/** How the address begins the name of a value in the metadata, as the API does: `meta.customer.id=7`. */
const META = "meta.";

/** The filter that the address names. The API checks its values. */
export function filterOf(query: URLSearchParams): JobFilter {
  const filter: Record<string, string | string[] | Record<string, string>> = {};
  for (const name of ["status", "tag"]) {
    const values = query.getAll(name);
    if (values.length > 0) filter[name] = values;
  }
  for (const name of TEXT_FILTERS) {
    const value = query.get(name);
    if (value !== null && value !== "") filter[name] = value;
  }
  const meta = Object.fromEntries(
    [...query].flatMap(([name, value]) =>
      name.startsWith(META) ? [[name.slice(META.length), value]] : [],
    ),
  );
  if (Object.keys(meta).length > 0) filter["meta"] = meta;
  // The address can name any state. The API says what is wrong with it.
  return filter;
}

type Pair = readonly [path: string, value: string];

/** The values in the metadata that the address names, as a reader types them: `customer.id=7 plan=pro`. */
export function metaText(query: URLSearchParams): string {
  return toText(Object.entries(filterOf(query).meta ?? {}));
}

/** What is typed without the parts that name no value yet. */
export function toMetaText(typed: string): string {
  return toText(toPairs(typed));
}

/** The text's values in the address, and null for each that is there now. */
export function metaQuery(text: string, now: URLSearchParams): Record<string, string | null> {
  const cleared = [...now.keys()].filter((name) => name.startsWith(META));
  return Object.fromEntries([
    ...cleared.map((name) => [name, null] as const),
    ...toPairs(text).map(([path, value]) => [META + path, value] as const),
  ]);
}

function toText(pairs: readonly Pair[]): string {
  return pairs.map(([path, value]) => `${path}=${value}`).join(" ");
}

/** A value ends where the next path begins, so it can have spaces. */
function toPairs(text: string): readonly Pair[] {
  return text.split(/\s+(?=[^\s=]+=)/).flatMap((pair) => {
    const [, path, value] = /^([^\s=]+)=(.+)$/.exec(pair.trim()) ?? [];
    return path === undefined || value === undefined ? [] : [[path, value] as const];
  });
}

export function isFiltered(query: URLSearchParams): boolean {
  return Object.keys(filterOf(query)).length > 0;
}
