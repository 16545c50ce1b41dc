import { useEffect, useRef } from "preact/hooks";
import { call } from "../../api/request.ts";
import { useResource } from "../../api/resource.ts";
import { parseTags } from "../../jobs/parse-tags.ts";
import { State, type StateName } from "../../parts/state.tsx";
import { goTo, linkTo } from "../../router.ts";
import { formatInput, parseInput } from "./time-input.ts";
import { isFiltered, metaQuery, metaText, toMetaText } from "./job-filter.ts";

const STATES = ["queued", "running", "completed", "failed"] as const satisfies StateName[];

/** The filters that are hidden until one of them is used. */
const MORE = new Set(["idPrefix", "deliveryState", "createdAfter", "createdBefore"]);
const isMore = (name: string): boolean => MORE.has(name) || name.startsWith("meta.");

/** The states of deliveries, in words. */
const EVENTS = [
  ["dead", "given up"],
  ["due", "due or retrying"],
  ["waiting", "behind another"],
  ["delivered", "delivered"],
] as const;

/** The filter is the address: each change goes to another one, and "back" undoes it. */
export function Filters({ query }: { readonly query: URLSearchParams }) {
  const plugins = useResource(
    "all",
    async (signal) => (await call("GET /v1/plugins", { signal })).items,
  );
  const change = (values: Readonly<Record<string, string | readonly string[] | null>>): void => {
    const before = Object.fromEntries([...query.keys()].map((key) => [key, query.getAll(key)]));
    goTo(linkTo(["jobs"], { ...before, cursor: null, ...values }));
  };
  const loaded = plugins.loaded.value;
  const chosen = query.get("plugin") ?? "";
  const names = new Set(loaded.state === "ready" ? loaded.data.map(({ name }) => name) : []);
  if (chosen !== "") names.add(chosen);
  const group = query.get("errorGroup");

  return (
    <div class="filters" role="search" aria-label="Filter jobs">
      <StateFilter chosen={query.getAll("status")} onChange={(status) => change({ status })} />
      <label>
        Plugin
        <select value={chosen} onChange={(event) => change({ plugin: event.currentTarget.value })}>
          <option value="">any</option>
          {[...names].toSorted().map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <TextFilter
        label="Name begins with"
        value={query.get("namePrefix") ?? query.get("name") ?? ""}
        onChange={(namePrefix) => change({ namePrefix, name: null })}
      />
      <TextFilter
        label="Tags"
        value={query.getAll("tag").join(" ")}
        toValue={(text) => parseTags(text).join(" ")}
        onChange={(tags) => change({ tag: parseTags(tags) })}
      />
      <details class="more-filters" open={[...query.keys()].some(isMore)}>
        <summary class="btn">More</summary>
        <div>
          <TextFilter
            label="Id begins with"
            value={query.get("idPrefix") ?? ""}
            onChange={(idPrefix) => change({ idPrefix })}
          />
          <TextFilter
            label="Metadata"
            placeholder="customer.id=7"
            value={metaText(query)}
            toValue={toMetaText}
            onChange={(text) => change(metaQuery(text, query))}
          />
          <label>
            An event is
            <select
              value={query.get("deliveryState") ?? ""}
              onChange={(event) => change({ deliveryState: event.currentTarget.value })}
            >
              <option value="">any</option>
              {EVENTS.map(([state, words]) => (
                <option key={state} value={state}>
                  {words}
                </option>
              ))}
            </select>
          </label>
          <TimeFilter
            label="After"
            value={query.get("createdAfter")}
            onChange={(createdAfter) => change({ createdAfter })}
          />
          <TimeFilter
            label="Before"
            value={query.get("createdBefore")}
            onChange={(createdBefore) => change({ createdBefore })}
          />
        </div>
      </details>
      {group !== null && (
        <button type="button" class="btn" onClick={() => change({ errorGroup: null })}>
          One cause of failure ×
        </button>
      )}
      {isFiltered(query) && (
        <a class="link" href={linkTo(["jobs"])}>
          Clear
        </a>
      )}
    </div>
  );
}

interface StateFilterProps {
  readonly chosen: readonly string[];
  readonly onChange: (chosen: readonly string[]) => void;
}

function StateFilter({ chosen, onChange }: StateFilterProps) {
  return (
    <fieldset class="states">
      <legend class="off-screen">State</legend>
      {STATES.map((name) => (
        <label key={name}>
          <input
            type="checkbox"
            checked={chosen.includes(name)}
            onChange={(event) =>
              onChange(
                event.currentTarget.checked
                  ? [...chosen, name]
                  : chosen.filter((other) => other !== name),
              )
            }
          />
          <State name={name} />
        </label>
      ))}
    </fieldset>
  );
}

interface FilterProps<Value> {
  readonly label: string;
  readonly value: Value;
  readonly onChange: (value: string | null) => void;
}

/** How long the reader must have paused before the list changes. */
const PAUSE_MS = 350;

interface TextFilterProps {
  readonly label: string;
  readonly placeholder?: string;
  readonly value: string;
  /** The value of what is typed. */
  readonly toValue?: (text: string) => string;
  readonly onChange: (value: string) => void;
}

function TextFilter({ label, placeholder = "", value, toValue = trim, onChange }: TextFilterProps) {
  const input = useRef<HTMLInputElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  const cancel = (): void => {
    if (timer.current !== null) clearTimeout(timer.current);
    timer.current = null;
  };
  useEffect(() => cancel, []);
  // What the reader types keeps its spaces and its cursor: only another value replaces it.
  useEffect(() => {
    if (input.current === null || timer.current !== null) return;
    if (toValue(input.current.value) !== value) input.current.value = value;
  }, [value]);
  return (
    <label>
      {label}
      <input
        ref={input}
        defaultValue={value}
        placeholder={placeholder}
        spellcheck={false}
        autocomplete="off"
        maxLength={200}
        onInput={(event) => {
          const { value: typed } = event.currentTarget;
          cancel();
          timer.current = setTimeout(() => {
            timer.current = null;
            onChange(toValue(typed));
          }, PAUSE_MS);
        }}
      />
    </label>
  );
}

function trim(text: string): string {
  return text.trim();
}

function TimeFilter({ label, value, onChange }: FilterProps<string | null>) {
  return (
    <label>
      {label}
      <input
        type="datetime-local"
        value={value === null ? "" : formatInput(value)}
        onChange={(event) => onChange(parseInput(event.currentTarget.value))}
      />
    </label>
  );
}
