import type { Signal } from "@preact/signals";
import type { Act } from "../../jobs/bulk.ts";
import type { JobList as JobPage, JobSummary } from "../../api/schema.ts";
import { mayI } from "../../api/session.ts";
import { bulk, startBulk } from "../../jobs/bulk.ts";
import type { JobFilter } from "../../jobs/job-list.ts";
import { plural } from "../../parts/numbers.ts";

export interface Selection {
  readonly selected: Signal<ReadonlySet<string>>;
  /** All that match the filter, also on other pages. */
  readonly isAll: Signal<boolean>;
}

interface SelectAllProps {
  readonly selection: Selection;
  readonly rows: readonly JobSummary[];
}

export function SelectAll({ selection: { selected, isAll }, rows }: SelectAllProps) {
  const isWhole = isAll.value || rows.every(({ jobId }) => selected.value.has(jobId));
  return (
    <input
      type="checkbox"
      aria-label="Select all jobs on this page"
      checked={isWhole}
      onChange={(event) => {
        isAll.value = false;
        selected.value = new Set(event.currentTarget.checked ? rows.map(({ jobId }) => jobId) : []);
      }}
    />
  );
}

interface SelectJobProps {
  readonly selection: Selection;
  readonly job: JobSummary;
}

export function SelectJob({ selection: { selected, isAll }, job }: SelectJobProps) {
  return (
    <input
      type="checkbox"
      aria-label={`Select ${job.name ?? job.jobId}`}
      checked={isAll.value || selected.value.has(job.jobId)}
      disabled={isAll.value}
      onChange={(event) => {
        const next = new Set(selected.value);
        if (event.currentTarget.checked) next.add(job.jobId);
        else next.delete(job.jobId);
        selected.value = next;
      }}
    />
  );
}

const ACTS: readonly (readonly [Act, string, "run" | "admin"])[] = [
  ["retry", "Retry", "run"],
  ["retry-from-start", "Retry from the start", "run"],
  ["cancel", "Cancel", "run"],
  ["redeliver", "Send events again", "admin"],
  ["delete", "Delete", "admin"],
];

interface SelectionBarProps {
  readonly selection: Selection;
  readonly page: JobPage;
  readonly filter: JobFilter;
}

/** What can be done with the selected jobs. */
export function SelectionBar({ selection, page, filter }: SelectionBarProps) {
  const { selected, isAll } = selection;
  const count = selected.value.size;
  if (count === 0 && !isAll.value) return null;
  const isWholePage = count === page.items.length && page.nextCursor !== null;
  const act = async (name: Act): Promise<void> => {
    const which = isAll.value ? { filter } : { ids: [...selected.value] };
    if (!(await startBulk(name, which))) return;
    selected.value = new Set();
    isAll.value = false;
  };
  return (
    <div class="selection" role="group" aria-label="Selected jobs">
      <b>{isAll.value ? "All jobs that match" : plural(count, "job")} selected</b>
      {isWholePage && !isAll.value && (
        <button type="button" class="link" onClick={() => (isAll.value = true)}>
          Select all that match the filter
        </button>
      )}
      <button
        type="button"
        class="link"
        onClick={() => {
          selected.value = new Set();
          isAll.value = false;
        }}
      >
        Clear
      </button>
      <div class="grow" />
      {ACTS.filter(([, , scope]) => mayI(scope)).map(([name, title]) => (
        <button
          key={name}
          type="button"
          class="btn"
          disabled={bulk.value?.state === "running"}
          onClick={() => void act(name)}
        >
          {title}
        </button>
      ))}
    </div>
  );
}
