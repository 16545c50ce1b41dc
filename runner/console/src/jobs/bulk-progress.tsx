import type { BulkAct } from "../api/schema.ts";
import { Bar } from "../parts/bar.tsx";
import { formatCount, plural } from "../parts/numbers.ts";
import { State } from "../parts/state.tsx";
import { linkTo } from "../router.ts";
import { abortBulk, bulk, type Act } from "./bulk.ts";

const DOING: Readonly<Record<Act, string>> = {
  cancel: "Cancelling",
  retry: "Retrying",
  "retry-from-start": "Retrying",
  delete: "Deleting",
  redeliver: "Sending again",
};

/** How far the act on many jobs is that this tab has started. */
export function BulkProgress() {
  const now = bulk.value;
  if (now === null) return null;
  const { id, act, state, matched } = now;
  const ended = now.done + now.skipped + now.failed;
  return (
    <section class="card bulk" aria-label="Act on many jobs">
      <State name={state} />
      <span>
        {DOING[act]} {plural(matched, "job")}: {describe(now)}
      </span>
      {state === "running" && (
        <Bar fraction={matched === 0 ? 0 : ended / matched} label="Progress of the act" />
      )}
      <div class="grow" />
      {state === "running" ? (
        <button type="button" class="btn" onClick={() => void abortBulk(id)}>
          Stop
        </button>
      ) : (
        <button type="button" class="link" onClick={() => (bulk.value = null)}>
          Dismiss
        </button>
      )}
      <Errors of={now} />
    </section>
  );
}

function describe({ done, skipped, failed }: BulkAct): string {
  const parts = [
    `${formatCount(done)} done`,
    skipped === 0 ? "" : `${formatCount(skipped)} skipped, because their state had changed`,
    failed === 0 ? "" : `${formatCount(failed)} failed`,
  ];
  return parts.filter(Boolean).join(", ");
}

function Errors({ of: { errors } }: { readonly of: BulkAct }) {
  if (errors.length === 0) return null;
  return (
    <details>
      <summary>Why</summary>
      <ul>
        {errors.map(({ jobId, message }) => (
          <li key={jobId}>
            <a class="id" href={linkTo(["jobs", jobId])}>
              {jobId}
            </a>{" "}
            {message}
          </li>
        ))}
      </ul>
    </details>
  );
}
