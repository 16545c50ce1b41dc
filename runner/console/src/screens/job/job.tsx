import { useSignal } from "@preact/signals";
import { ApiError } from "../../api/request.ts";
import { useUsual } from "../../jobs/usual.ts";
import { stateOf } from "../../jobs/job-state.ts";
import { Empty } from "../../parts/empty.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { now } from "../../parts/now.ts";
import { Page } from "../../parts/page.tsx";
import { State } from "../../parts/state.tsx";
import { linkTo } from "../../router.ts";
import type { ScreenProps } from "../../screen.ts";
import { Acts, MoreActs } from "./acts.tsx";
import { Facts } from "./facts.tsx";
import { useJobStory, type JobStory } from "./job-story.ts";
import { Log } from "./log.tsx";
import { Story, type View } from "./story.tsx";
import { Values } from "./values.tsx";

/** One job: what happened, with its events and their deliveries, and what went in and came out. */
export default function Job({ id }: ScreenProps) {
  const story = useJobStory(id);
  useUsual();
  const shown = story.loaded.value;
  if (shown.state === "failed" && shown.error instanceof ApiError && shown.error.status === 404) {
    return (
      <Page title="Unknown job" within={["Jobs", "jobs"]}>
        <Empty title="There is no such job">
          <p>
            <code>{id}</code> was never here, or it was deleted.{" "}
            <a href={linkTo(["jobs"])}>Show all jobs</a>
          </p>
        </Empty>
      </Page>
    );
  }
  if (shown.state !== "ready") {
    return (
      <Page title="Job" within={["Jobs", "jobs"]} acts={null}>
        <Loaded of={story} what="the job">
          {() => null}
        </Loaded>
      </Page>
    );
  }
  return <Opened story={shown.data} refresh={story.refresh} error={shown.error} />;
}

interface OpenedProps {
  readonly story: JobStory;
  readonly refresh: () => Promise<void>;
  readonly error: Error | null;
}

function Opened({ story, refresh, error }: OpenedProps) {
  const view = useSignal<View>("all");
  const { job } = story;
  return (
    <Page
      title={job.name ?? job.plugins.join(" → ")}
      within={["Jobs", "jobs"]}
      mark={<State name={stateOf(job, now.value)} />}
      acts={
        <>
          <div class="more-acts above">
            <MoreActs story={story} refresh={refresh} />
          </div>
          <Acts story={story} refresh={refresh} />
        </>
      }
    >
      {error !== null && <p class="stale">This is not up to date. {error.message}</p>}
      <Facts job={job} />
      <div class="job">
        <Story story={story} view={view} refresh={refresh} />
        <div class="stack">
          <Values story={story} />
          {job.payloadsRemovedAt === null && (
            <Log jobId={job.jobId} isEnded={job.endedAt !== null} steps={job.plugins} />
          )}
        </div>
      </div>
      <div class="more-acts below">
        <MoreActs story={story} refresh={refresh} />
      </div>
    </Page>
  );
}
