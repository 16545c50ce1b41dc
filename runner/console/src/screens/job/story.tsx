import type { Signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { Bar } from "../../parts/bar.tsx";
import { Card } from "../../parts/card.tsx";
import { formatDuration } from "../../parts/duration-text.ts";
import { now } from "../../parts/now.ts";
import { formatCount, plural } from "../../parts/numbers.ts";
import { formatTime } from "../../preferences/time-zone.ts";
import { linkTo } from "../../router.ts";
import { EventDeliveries } from "./event-deliveries.tsx";
import type { JobStory } from "./job-story.ts";
import {
  axisOf,
  formatOffset,
  nameAttempt,
  placeOf,
  tellTimeline,
  type Axis,
  type Entry,
} from "./timeline.ts";

const VIEWS = { all: "All", step: "Steps", event: "Events" } as const;
/** In which view an entry is. */
const VIEW_OF = { accepted: "all", attempt: "step", step: "step", event: "event" } as const;
export type View = keyof typeof VIEWS;

interface StoryProps {
  readonly story: JobStory;
  readonly view: Signal<View>;
  readonly refresh: () => Promise<void>;
}

/** One timeline: time at the left, what happened with its deliveries, bars on a common axis at the right. */
export function Story({ story, view, refresh }: StoryProps) {
  const { job } = story;
  const time = job.endedAt === null ? now.value : Date.parse(job.endedAt);
  const all = tellTimeline(story, time);
  const axis = axisOf(all, story, time);
  const start = Date.parse(job.createdAt);
  const shown = all.filter(({ kind }) => view.value === "all" || VIEW_OF[kind] === view.value);
  return (
    <Card
      title="What happened"
      acts={
        <div class="tabs" role="group" aria-label="What to show">
          {(Object.keys(VIEWS) as View[]).map((name) => (
            <button
              key={name}
              type="button"
              aria-pressed={view.value === name}
              onClick={() => (view.value = name)}
            >
              {VIEWS[name]}
            </button>
          ))}
        </div>
      }
    >
      <ol class="timeline">
        {shown.map((entry) => (
          <li key={entry.key}>
            <time
              class="t"
              dateTime={new Date(entry.at).toISOString()}
              title={formatTime(new Date(entry.at), "full")}
            >
              {formatOffset(entry.at - start)}
            </time>
            <span class={`mark-dot ${toneOf(entry)}`} />
            <div class="what">
              <What entry={entry} story={story} refresh={refresh} />
            </div>
            <Bars entry={entry} axis={axis} />
          </li>
        ))}
      </ol>
      {story.hasMoreEvents && (
        <p class="more faint">
          Only the first {formatCount(story.events.length)} events are shown.
        </p>
      )}
    </Card>
  );
}

function toneOf(entry: Entry): string {
  switch (entry.kind) {
    case "accepted":
      return entry.isOver ? "ok" : "wait";
    case "attempt":
      return "wait";
    case "step":
      return { completed: "ok", failed: "bad", running: "run", pending: "" }[entry.step.status];
    case "event": {
      const { deliveries } = entry;
      if (deliveries.some(({ state }) => state === "dead")) return "bad";
      return deliveries.some(({ state }) => state !== "delivered") ? "wait" : "ok";
    }
  }
}

interface WhatProps {
  readonly entry: Entry;
  readonly story: JobStory;
  readonly refresh: () => Promise<void>;
}

function What({ entry, story, refresh }: WhatProps) {
  switch (entry.kind) {
    case "accepted": {
      const waited = entry.span.to - entry.span.from;
      return (
        <>
          <b>Accepted</b>{" "}
          <span class="faint">
            {entry.isOver
              ? `waited ${formatDuration(waited)}`
              : `waits for ${formatDuration(waited)}`}
          </span>
        </>
      );
    }
    case "attempt":
      return <Attempt entry={entry} job={story.job} />;
    case "step":
      return <Step entry={entry} job={story.job} />;
    case "event":
      return (
        <>
          <b>{entry.event.status}</b> <span class="faint">event {entry.event.sequence}</span>
          {"errorCode" in entry.event && <span class="faint"> {entry.event.errorCode}</span>}
          <EventDeliveries deliveries={entry.deliveries} refresh={refresh} />
        </>
      );
  }
}

interface AttemptProps {
  readonly entry: Extract<Entry, { kind: "attempt" }>;
  readonly job: JobStory["job"];
}

function Attempt({ entry, job }: AttemptProps) {
  const { plugin, failed, span } = entry;
  return (
    <>
      <span class="mono strong">{plugin}</span>{" "}
      <span class="faint">
        {nameAttempt(failed, job)}, {formatDuration(span.to - span.from)}
      </span>
      <p class="step-error">
        <b>{failed.errorCode}</b> {failed.error}
      </p>
    </>
  );
}

type StepEntry = Extract<Entry, { kind: "step" }>;

interface StepProps {
  readonly entry: StepEntry;
  readonly job: JobStory["job"];
}

function Step({ entry: { step, span }, job }: StepProps): ComponentChildren {
  const { progress } = job;
  const items = step.metrics?.processedItems ?? 0;
  const took = formatDuration(span.to - span.from);
  return (
    <>
      <a class="mono strong" href={linkTo(["plugins", step.plugin])}>
        {step.plugin}
      </a>{" "}
      <span class="faint">
        {step.failedAttempts.length > 0 && `${nameAttempt(step, job)}, `}
        {step.status === "running" ? "for " : ""}
        {items > 0 ? `${plural(items, "item")} in ` : ""}
        {took}
      </span>
      {step.status === "running" && progress !== null && (
        <div class="step-progress">
          {progress.fraction !== null && (
            <Bar fraction={progress.fraction} label={`Progress of ${step.plugin}`} />
          )}
          {progress.message !== null && <span class="muted">{progress.message}</span>}
        </div>
      )}
      {step.error !== null && (
        <p class="step-error">
          <b>{step.errorCode}</b> {step.error}
        </p>
      )}
    </>
  );
}

interface BarsProps {
  readonly entry: Entry;
  readonly axis: Axis;
}

function Bars({ entry, axis }: BarsProps) {
  const spans = entry.kind === "event" ? entry.spans : [entry.span];
  const isRun = entry.kind === "step" || entry.kind === "attempt";
  const tone = entry.kind === "event" ? "sent" : isRun ? toneOf(entry) : "";
  return (
    <div class="bars" aria-hidden="true">
      {spans.map((span, index) => {
        const { left, width } = placeOf(span, axis);
        return <i key={index} class={tone} style={{ left: `${left}%`, width: `${width}%` }} />;
      })}
    </div>
  );
}
