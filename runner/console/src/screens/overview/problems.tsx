import type { StatusProblem } from "../../api/schema.ts";
import { Icon } from "../../parts/icon.tsx";
import { now } from "../../parts/now.ts";
import { formatDuration } from "../../parts/duration-text.ts";
import { Time } from "../../parts/time.tsx";
import { linkTo } from "../../router.ts";

/** What is wrong, in words, each with a link to where one can act on it. Nothing when all is well. */
export function Problems({ problems }: { readonly problems: readonly StatusProblem[] }) {
  if (problems.length === 0) return null;
  return (
    <ul class="stack problems" aria-label="Problems">
      {problems.map((problem) => (
        <li
          key={`${problem.kind} ${JSON.stringify(problem.target)}`}
          class={problem.severity === "error" ? "notice" : "notice wait"}
        >
          <Icon name="alert" />
          <span class="grow">
            {problem.message} <When problem={problem} />
          </span>
          {problem.target !== null && <a href={linkOf(problem.target)}>Show</a>}
        </li>
      ))}
    </ul>
  );
}

function When({ problem: { since, until } }: { readonly problem: StatusProblem }) {
  const wait = until === null ? 0 : Date.parse(until) - now.value;
  return (
    <>
      {since !== null && (
        <>
          Since <Time at={since} />.
        </>
      )}
      {wait > 0 && ` The next try is in ${formatDuration(Math.ceil(wait / 1_000) * 1_000)}.`}
    </>
  );
}

function linkOf(target: NonNullable<StatusProblem["target"]>): string {
  if ("destinationId" in target) return linkTo(["destinations", target.destinationId]);
  if ("webhookId" in target) return linkTo(["webhooks", target.webhookId]);
  if ("plugin" in target) return linkTo(["plugins", target.plugin]);
  if ("schedule" in target) return linkTo(["schedules", target.schedule]);
  return target.limit === "queue" ? linkTo(["jobs"], { status: "queued" }) : linkTo(["system"]);
}
