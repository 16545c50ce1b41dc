/** Draws samples as an SVG: panels over one time axis, readable in light and dark mode. */
import type { Sample } from "./sample.ts";

export interface Outage {
  readonly from: number;
  readonly to: number;
}

type Field = Exclude<keyof Sample, "at">;

interface Panel {
  readonly title: string;
  /** Maps the name of a line in the legend to its field. */
  readonly lines: Readonly<Record<string, Field>>;
}

const PANELS: readonly Panel[] = [
  { title: "Resident memory, MB", lines: { resident: "residentMb" } },
  { title: "Handles", lines: { descriptors: "descriptors", threads: "threads" } },
  { title: "Files, MB", lines: { database: "databaseMb", "write-ahead log": "logMb" } },
  { title: "Request to 202, ms", lines: { p50: "acceptP50", p99: "acceptP99" } },
  { title: "Event to arrival, ms", lines: { p50: "arrivalP50", p99: "arrivalP99" } },
];

const WIDTH = 760;
const LEFT = 56;
const RIGHT = 16;
const PANEL_HEIGHT = 130;
const PLOT_TOP = 34;
const PLOT_HEIGHT = 84;
const FOOT = 36;

const STYLE = `
  text { font: 12px system-ui, sans-serif; fill: #475569 }
  .title { font-weight: 600 }
  .axis { stroke: #94a3b8; stroke-width: 1 }
  .outage { fill: #94a3b8; opacity: .22 }
  .line { fill: none; stroke-width: 1.5; stroke-linejoin: round }
  .c0 { stroke: #2f7fd6 } .c1 { stroke: #d97706 }
  text.c0 { stroke: none; fill: #2f7fd6 } text.c1 { stroke: none; fill: #d97706 }
  @media (prefers-color-scheme: dark) { text { fill: #cbd5e1 } }`;

export function toSvg(samples: readonly Sample[], outages: readonly Outage[]): string {
  const endAt = Math.max(1, ...samples.map(({ at }) => at));
  const x = (at: number): number => LEFT + ((WIDTH - LEFT - RIGHT) * at) / endAt;
  const height = PANELS.length * PANEL_HEIGHT + FOOT;
  const panels = PANELS.map((panel, index) => toPanel(panel, { index, samples, outages, x }));
  const minutes = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const label = ((share * endAt) / 60_000).toFixed(endAt < 600_000 ? 1 : 0);
    return `<text x="${x(share * endAt).toFixed(1)}" y="${height - 20}" text-anchor="middle">${label}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="Memory, handles, files and latencies during the soak test">
<style>${STYLE}
</style>
${panels.join("\n")}
${minutes.join("\n")}
<text x="${WIDTH / 2}" y="${height - 4}" text-anchor="middle">minutes (grey: an endpoint was down)</text>
</svg>
`;
}

function toPanel(
  panel: Panel,
  given: {
    index: number;
    samples: readonly Sample[];
    outages: readonly Outage[];
    x: (at: number) => number;
  },
): string {
  const { index, samples, outages, x } = given;
  const lines = Object.entries(panel.lines);
  const top = index * PANEL_HEIGHT + PLOT_TOP;
  const bottom = top + PLOT_HEIGHT;
  const values = samples.flatMap((sample) => lines.map(([, field]) => sample[field] ?? 0));
  const most = roundUp(Math.max(...values));
  const y = (value: number): number => bottom - (PLOT_HEIGHT * value) / most;
  const bands = outages.map(
    ({ from, to }) =>
      `<rect class="outage" x="${x(from).toFixed(1)}" y="${top}" width="${(x(to) - x(from)).toFixed(1)}" height="${PLOT_HEIGHT}"/>`,
  );
  const drawn = lines.map(([, field], line) => {
    const points = samples.flatMap((sample) => {
      const value = sample[field];
      return value === null ? [] : [`${x(sample.at).toFixed(1)},${y(value).toFixed(1)}`];
    });
    return `<polyline class="line c${line}" points="${points.join(" ")}"/>`;
  });
  const legend = lines.map(
    ([name], line) =>
      `<text class="c${line}" x="${WIDTH - RIGHT - 130 * (lines.length - 1 - line)}" y="${top - 10}" text-anchor="end">${name}</text>`,
  );
  return [
    `<text class="title" x="${LEFT}" y="${top - 10}">${panel.title}</text>`,
    ...legend,
    ...bands,
    `<path class="axis" d="M${LEFT} ${top}V${bottom}H${WIDTH - RIGHT}" fill="none"/>`,
    `<text x="${LEFT - 6}" y="${top + 10}" text-anchor="end">${most}</text>`,
    `<text x="${LEFT - 6}" y="${bottom}" text-anchor="end">0</text>`,
    ...drawn,
  ].join("\n");
}

/** Rounds up to the next of 1, 2, 5, 10, 20 … */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1e-3)));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value) ?? value;
}
