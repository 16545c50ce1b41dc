import { lazy, Suspense } from "preact/compat";
import { parseExact, stringifyExact } from "../../api/exact-json.ts";
import { call, callForText } from "../../api/request.ts";
import { useResource } from "../../api/resource.ts";
import type { NextSlotList, Schedule } from "../../api/schema.ts";
import { Tags } from "../../jobs/tags.tsx";
import { useRefresh } from "../../live/use-refresh.ts";
import { Card } from "../../parts/card.tsx";
import { formatDuration } from "../../parts/duration-text.ts";
import { Empty } from "../../parts/empty.tsx";
import { Fact, Facts } from "../../parts/facts.tsx";
import { JsonView } from "../../parts/json-view.tsx";
import { Loaded, Loading } from "../../parts/loaded.tsx";
import { plural } from "../../parts/numbers.ts";
import { Page } from "../../parts/page.tsx";
import { State } from "../../parts/state.tsx";
import { Time } from "../../parts/time.tsx";
import { place } from "../../router.ts";
import type { ScreenProps } from "../../screen.ts";
import { ScheduleActs } from "./schedule-acts.tsx";
import { Slots } from "./slots.tsx";
import { When } from "./when.tsx";

const ScheduleForm = lazy(() => import("./form/schedule-form.tsx"));

const NEXT = 5;

interface About {
  readonly schedule: Schedule;
  readonly next: NextSlotList;
}

/** One schedule, or with `?edit=1` the form that changes it. */
export default function OneSchedule({ id: key }: ScreenProps) {
  if (!place.value.query.has("edit")) return <ShownSchedule scheduleKey={key} />;
  return (
    <Suspense fallback={<Loading what="the form" />}>
      <ScheduleForm scheduleKey={key} />
    </Suspense>
  );
}

/** Its next slots, what became of those that came, and the job that it makes. */
function ShownSchedule({ scheduleKey: key }: { readonly scheduleKey: string }) {
  const about = useResource(key, async (signal): Promise<About> => {
    const params = { key };
    const [schedule, next] = await Promise.all([
      callForText("GET /v1/schedules/{key}", { params, signal }),
      call("GET /v1/schedules/{key}/next", { params, query: { n: NEXT }, signal }),
    ]);
    return { schedule: parseExact(schedule) as Schedule, next };
  });
  useRefresh(about.refresh, ["jobs"]);
  const now = about.loaded.value;
  const schedule = now.state === "ready" ? now.data.schedule : null;
  return (
    <Page
      title={key}
      within={["Schedules", "schedules"]}
      mark={schedule !== null && <State name={schedule.state} />}
      acts={schedule !== null && <ScheduleActs schedule={schedule} onChange={about.refresh} />}
    >
      <Loaded of={about} what="the schedule">
        {(data) => (
          <div class="stack">
            <Plan {...data} />
            <Slots scheduleKey={key} />
            <MadeJob schedule={data.schedule} />
          </div>
        )}
      </Loaded>
    </Page>
  );
}

function Plan({ schedule, next }: About) {
  const { overlap, catchUp, catchUpWindowMs, jitterMs, pauseOnFailures } = schedule;
  return (
    <>
      {schedule.reason !== null && (
        <div class="notice refusal">
          <p>
            Paused since <Time at={schedule.pausedAt} />.
          </p>
          <pre class="answer" tabIndex={0}>
            {schedule.reason}
          </pre>
        </div>
      )}
      <Card
        title="Next"
        note={schedule.state === "paused" ? "skipped while it is paused" : undefined}
      >
        {next.items.length === 0 ? (
          <Empty title="No slot is to come" />
        ) : (
          <ol class="body next-slots">
            {next.items.map(({ slot, dueAt, local }) => (
              <li key={slot}>
                {local}
                {dueAt !== slot && (
                  <span class="muted">
                    {" "}
                    + {formatDuration(Date.parse(dueAt) - Date.parse(slot))}
                  </span>
                )}
              </li>
            ))}
          </ol>
        )}
        <Facts>
          <Fact name="When">
            <When schedule={schedule} />
          </Fact>
          <Fact name="While a job runs">{overlap}</Fact>
          <Fact name="After downtime">
            {catchUp === "none"
              ? "none"
              : `${catchUp}, up to ${formatDuration(catchUpWindowMs)} late`}
          </Fact>
          {jitterMs > 0 && <Fact name="Jitter">up to {formatDuration(jitterMs)}</Fact>}
          <Fact name="Pauses after">
            {pauseOnFailures === null
              ? "no failure"
              : `${plural(pauseOnFailures, "failure")} in a row, now ${schedule.failures}`}
          </Fact>
          {schedule.startAt !== null && (
            <Fact name="From">
              <Time at={schedule.startAt} />
            </Fact>
          )}
          {schedule.endAt !== null && (
            <Fact name="Until">
              <Time at={schedule.endAt} />
            </Fact>
          )}
        </Facts>
      </Card>
    </>
  );
}

function MadeJob({ schedule: { job } }: Pick<About, "schedule">) {
  return (
    <Card
      title="Its job"
      note={job.plugins.map(({ name }) => name).join(" → ")}
      acts={<Tags tags={job.tags} />}
    >
      <JsonView text={stringifyExact(job)} />
    </Card>
  );
}
