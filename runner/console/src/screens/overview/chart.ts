/** Draws the chart of the overview. Loaded when it is needed, because uPlot is larger than the rest. */
import UPlot from "uplot";
import type { Stats } from "../../api/schema.ts";
import { formatDuration } from "../../parts/duration-text.ts";
import { formatTime } from "../../preferences/time-zone.ts";

const HEIGHT = 170;
/** A drag shorter than this is a click. */
const MIN_DRAG = 6;

/** Returns what removes the chart. `onRange` gets the part of the time that was dragged over. */
export function drawChart(
  element: HTMLElement,
  { points, stepMs }: Stats,
  onRange: (from: Date, to: Date) => void,
): () => void {
  const colour = (name: string): string => resolveColour(element, `var(${name})`);
  const times = points.map(({ at }) => Date.parse(at) / 1_000);
  const bars = UPlot.paths.bars?.({ size: [0.8, 18], radius: 0.15 });
  if (bars === undefined) throw new Error("This uPlot cannot draw bars.");
  const failed = { fill: colour("--bad"), width: 0, paths: bars, points: { show: false } };
  const completed = {
    ...failed,
    fill: resolveColour(element, "color-mix(in srgb, var(--ok) 78%, var(--surface))"),
  };
  const chart = new UPlot(
    {
      width: element.clientWidth,
      height: HEIGHT,
      legend: { show: false },
      cursor: { y: false, drag: { x: true, y: false, setScale: false } },
      scales: {
        x: { time: true },
        // Also an hour without jobs has an axis from 0 to 4.
        y: { range: (_chart, _min, max) => [0, Math.max(4, max * 1.15)] },
        wait: { range: (_chart, _min, max) => [0, Math.max(100, max * 1.6)] },
      },
      series: [
        {},
        failed,
        completed,
        {
          scale: "wait",
          stroke: colour("--accent"),
          width: 2,
          spanGaps: true,
          points: { show: false },
        },
      ],
      axes: axes(colour),
      hooks: {
        setSelect: [
          (self) => {
            const { left, width } = self.select;
            if (width < MIN_DRAG) return;
            const from = self.posToVal(left, "x") * 1_000;
            const to = self.posToVal(left + width, "x") * 1_000;
            onRange(new Date(from), new Date(to));
          },
        ],
      },
    },
    [
      // A bar stands in the middle of its minute.
      times.map((time) => time + stepMs / 2_000),
      points.map((point) => point.completed + point.failed || null),
      points.map((point) => point.completed || null),
      points.map(({ queueWaitP95Ms }) => queueWaitP95Ms),
    ],
    element,
  );
  const resize = new ResizeObserver(() =>
    chart.setSize({ width: element.clientWidth, height: HEIGHT }),
  );
  resize.observe(element);
  return () => {
    resize.disconnect();
    chart.destroy();
  };
}

function axes(colour: (name: string) => string): UPlot.Axis[] {
  const text = { stroke: colour("--muted"), font: "12px ui-sans-serif, system-ui, sans-serif" };
  const grid = { stroke: colour("--line"), width: 1 };
  return [
    {
      ...text,
      grid: { show: false },
      ticks: { show: false },
      size: 28,
      space: 90,
      values: (_chart, ticks) => ticks.map((tick) => formatTime(new Date(tick * 1_000), "minute")),
    },
    {
      ...text,
      grid,
      ticks: { show: false },
      size: 38,
      incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000],
    },
    {
      ...text,
      scale: "wait",
      // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- on the right; the enum exists only in types
      side: 1,
      size: 62,
      grid: { show: false },
      ticks: { show: false },
      values: (_chart, ticks) => ticks.map((tick) => (tick === 0 ? "" : formatDuration(tick))),
    },
  ];
}

/** A canvas does not know the style sheet's variables. */
function resolveColour(element: HTMLElement, value: string): string {
  const probe = document.createElement("span");
  probe.style.color = value;
  element.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}
