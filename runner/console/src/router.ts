/** Where the reader is: `#/jobs?state=failed`. The filter of a list is in the address, so a view is a link. */
import { computed, signal } from "@preact/signals";

export interface Place {
  /** The path's parts without the leading `#/`: `["jobs", "job_…"]`. Empty on the overview. */
  readonly parts: readonly string[];
  readonly query: URLSearchParams;
}

const hash = signal(location.hash);
addEventListener("hashchange", () => (hash.value = location.hash));

export const place = computed<Place>(() => parsePlace(hash.value));

export function parsePlace(text: string): Place {
  const [path = "", query = ""] = text.replace(/^#?\/?/, "").split("?", 2);
  return {
    parts: path.split("/").filter(Boolean).map(decode),
    query: new URLSearchParams(query),
  };
}

/** A person may type any address. */
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

type QueryValues = Readonly<Record<string, string | readonly string[] | null | undefined>>;

/** The address of a place, for `href`. Empty values are left out. */
export function linkTo(parts: readonly string[], query: QueryValues = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of typeof value === "object" && value !== null ? value : [value]) {
      if (one) search.append(name, one);
    }
  }
  const text = search.toString();
  return `#/${parts.map(encodeURIComponent).join("/")}${text === "" ? "" : `?${text}`}`;
}

export function goTo(href: string): void {
  location.hash = href;
}

/** Changes the filter without a new entry in the history. */
export function replaceWith(href: string): void {
  history.replaceState(null, "", href);
  hash.value = location.hash;
}
