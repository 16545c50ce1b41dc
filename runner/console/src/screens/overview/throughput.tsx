import { useSignal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Stats } from "../../api/schema.ts";
import { call } from "../../api/request.ts";
import { useResource } from "../../api/resource.ts";
import { Card } from "../../parts/card.tsx";
import { formatDuration } from "../../parts/duration-text.ts";
import { Loaded } from "../../parts/loaded.tsx";
import { formatCount } from "../../parts/numbers.ts";
import { Time } from "../../parts/time.tsx";
import { isSystemDark, theme } from "../../preferences/theme.ts";
import { zone } from "../../preferences/time-zone.ts";
import { goTo, linkTo } from "../../router.ts";
import type { drawChart } from "./chart.ts";

const SPANS = [
  [60, "1 h"],
  [360, "6 h"],
  [1_440, "24 h"],
] as const;

const RELOAD_MS = 10_000;

/** How much happened, by minute. Dragging over a part of it shows its jobs. */
export function Throughput() {
  const minutes = useSignal<number>(60);
  const stats = useResource(String(minutes.value), (signal) =>
    call("GET /v1/stats", { query: { minutes: minutes.value }, signal }),
  );
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) void stats.refresh();
    }, RELOAD_MS);
    return () => clearInterval(timer);
  }, [stats.refresh]);
  return (
    <Card
      title="Jobs a minute"
      note={
        <span class="legend">
          <i class="ok" /> completed <i class="bad" /> failed <i class="line" /> wait in the queue,
          p95
        </span>
      }
      acts={
        <div class="tabs" role="group" aria-label="Time span">
          {SPANS.map(([value, name]) => (
            <button
              key={value}
              type="button"
              aria-pressed={minutes.value === value}
              onClick={() => (minutes.value = value)}
            >
              {name}
            </button>
          ))}
        </div>
      }
    >
      <Loaded of={stats} what="the numbers">
        {(data) => (
          <>
            <Chart stats={data} />
            <AsTable stats={data} />
          </>
        )}
      </Loaded>
    </Card>
  );
}

type Draw = typeof drawChart;

function Chart({ stats }: { readonly stats: Stats }) {
  const element = useRef<HTMLDivElement>(null);
  const [draw, setDraw] = useState<{ readonly chart: Draw } | null>(null);
  useEffect(() => {
    import("./chart.ts").then(
      (module) => setDraw({ chart: module.drawChart }),
      // The table below has the same numbers.
      () => undefined,
    );
  }, []);
  const themeNow = `${theme.value} ${isSystemDark.value}`;
  const zoneNow = zone.value;
  useEffect(() => {
    if (element.current === null || draw === null) return undefined;
    return draw.chart(element.current, stats, (from, to) =>
      goTo(linkTo(["jobs"], { createdAfter: from.toISOString(), createdBefore: to.toISOString() })),
    );
  }, [stats, draw, themeNow, zoneNow]);
  return <div class="chart" ref={element} role="img" aria-label={describe(stats)} />;
}

function describe({ points, from, to }: Stats): string {
  const sum = (name: "completed" | "failed"): number =>
    points.reduce((total, point) => total + point[name], 0);
  const minutes = Math.round((Date.parse(to) - Date.parse(from)) / 60_000);
  return `In the last ${minutes} minutes ${formatCount(sum("completed"))} jobs completed and ${formatCount(sum("failed"))} failed. The table below has the numbers.`;
}

function AsTable({ stats }: { readonly stats: Stats }) {
  const [isOpen, setOpen] = useState(false);
  const busy = stats.points.filter(
    ({ submitted, completed, failed }) => submitted + completed + failed > 0,
  );
  return (
    <details class="as-table" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>As a table</summary>
      {isOpen && (
        <div class="table" tabIndex={0} role="region" aria-label="Jobs a minute">
          <table>
            <thead>
              <tr>
                <th scope="col">Minute</th>
                <th scope="col" class="num">
                  Submitted
                </th>
                <th scope="col" class="num">
                  Completed
                </th>
                <th scope="col" class="num">
                  Failed
                </th>
                <th scope="col" class="num">
                  Queue wait, p95
                </th>
              </tr>
            </thead>
            <tbody>
              {busy.toReversed().map((point) => (
                <tr key={point.at}>
                  <td>
                    <Time at={point.at} format="minute" />
                  </td>
                  <td class="num">{formatCount(point.submitted)}</td>
                  <td class="num">{formatCount(point.completed)}</td>
                  <td class="num">{formatCount(point.failed)}</td>
                  <td class="num">
                    {point.queueWaitP95Ms === null ? "–" : formatDuration(point.queueWaitP95Ms)}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}
