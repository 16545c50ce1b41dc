/** The alert rules and the dashboard of docs/deploy, compared with the metrics of a daemon. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { isInstalled } from "../support/is-installed.ts";
import { until } from "../support/until.ts";

const DEPLOY = new URL("../../../docs/deploy/", import.meta.url);

/** Labels that Prometheus adds. */
const OF_THE_TARGET = ["job", "instance"];

interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

interface Query {
  readonly expression: string;
  /** Labels that a text beside the query names. */
  readonly shown: readonly string[];
}

let daemon: Daemon;
let scraped: readonly Series[];

beforeAll(async () => {
  daemon = await startDaemon({
    plugins: {
      fine: `() => 1`,
      broken: `() => { throw new Error("no"); }`,
      endless: `(input, ctx) => sleep(60_000, null, { signal: ctx.signal })`,
    },
  });
  const wait = { prefer: "wait=30" };
  await daemon.post("/v1/jobs", { plugins: ["fine"] }, wait);
  await daemon.post("/v1/jobs", { plugins: ["broken"] }, wait);
  const { jobId } = await daemon.post("/v1/jobs", { plugins: ["endless"] });
  const status = async () => (await daemon.get(`/v1/jobs/${jobId}`)).status;
  await until("the job runs", async () => (await status()) === "running");
  await daemon.post(`/v1/jobs/${jobId}/cancel`, {});
  await until("the job has ended", async () => (await status()) === "failed");
  scraped = parseMetrics(await (await daemon.request("/metrics")).text());
});
afterAll(() => daemon.close());

function parseMetrics(text: string): Series[] {
  return [...text.matchAll(/^(\w+)(?:\{(.*)\})? \S+$/gm)].map(([, name = "", labels = ""]) => ({
    name,
    labels: Object.fromEntries(
      [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label = "", value = ""]) => [label, value]),
    ),
  }));
}

interface Selector extends Pick<Series, "name"> {
  readonly text: string;
  readonly matchers: readonly {
    readonly label: string;
    readonly operator: string;
    readonly value: string;
  }[];
}

function selectorsOf({ expression }: Query): Selector[] {
  const found = expression.matchAll(/\b((?:playground|nodejs|process)_\w+)(?:\{([^}]*)\})?/g);
  return [...found].map(([text, name = "", inner = ""]) => ({
    text,
    name,
    matchers: [...inner.matchAll(/(\w+)(=~|!=|=)"([^"]*)"/g)]
      .map(([, label = "", operator = "", value = ""]) => ({ label, operator, value }))
      .filter(({ label }) => !OF_THE_TARGET.includes(label)),
  }));
}

/** Whether the daemon has a series for the selector, and each value that it names, also the excluded ones. */
function isKnown({ name, matchers }: Selector): boolean {
  const series = scraped.filter((each) => each.name === name);
  return (
    matchers.every(({ label, value }) => series.some(({ labels }) => labels[label] === value)) &&
    series.some(({ labels }) =>
      matchers.every(({ label, operator, value }) =>
        operator === "=" ? labels[label] === value : labels[label] !== value,
      ),
    )
  );
}

/** The labels that the query groups by or shows, and that its result does not have. */
function unknownLabels(query: Query): string[] {
  const grouped = [...query.expression.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, labels = ""]) =>
    labels.split(/, */),
  );
  const names = new Set(selectorsOf(query).map(({ name }) => name));
  const ofSeries = scraped
    .filter(({ name }) => names.has(name))
    .flatMap(({ labels }) => Object.keys(labels));
  const all = [...OF_THE_TARGET, ...ofSeries];
  const left = /\b(?:sum|max)\b/.test(query.expression) ? grouped : all;
  return [
    ...grouped.filter((label) => !all.includes(label)),
    ...query.shown.filter((label) => !left.includes(label)),
  ];
}

async function alerts(): Promise<Query[]> {
  const { groups } = parse(await readFile(new URL("prometheus/alerts.yaml", DEPLOY), "utf8")) as {
    groups: { rules: { expr: string; annotations: Record<string, string> }[] }[];
  };
  return groups.flatMap(({ rules }) =>
    rules.map(({ expr, annotations }) => ({
      expression: expr,
      shown: [
        ...Object.values(annotations)
          .join()
          .matchAll(/\$labels\.(\w+)/g),
      ].map(([, label = ""]) => label),
    })),
  );
}

async function panels(): Promise<Query[]> {
  const { panels: all } = JSON.parse(
    await readFile(new URL("grafana/dashboard.json", DEPLOY), "utf8"),
  ) as { panels: { targets?: { expr: string; legendFormat?: string }[] }[] };
  return all.flatMap(({ targets = [] }) =>
    targets.map(({ expr, legendFormat = "" }) => ({
      expression: expr,
      shown: [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = ""]) => label),
    })),
  );
}

/** Gauges that the daemons of one database report alike. */
const SHARED = /\bplayground_(?:jobs|deliveries|webhooks|delivery_circuits_open)\{/;

describe.each([
  ["prometheus/alerts.yaml", alerts],
  ["grafana/dashboard.json", panels],
] as const)("%s", (_file, read) => {
  test("asks for metrics, values and labels that the daemon has", async () => {
    const queries = await read();
    expect(queries.length).toBeGreaterThan(7);
    const selectors = queries.flatMap(selectorsOf);
    expect(selectors.filter((selector) => !isKnown(selector)).map(({ text }) => text)).toEqual([]);
    expect(queries.flatMap(unknownLabels)).toEqual([]);
  });

  test("counts once what several daemons of one database report", async () => {
    for (const { expression } of await read())
      if (SHARED.test(expression)) expect(expression).toMatch(/^max\b/);
  });
});

test.skipIf(!isInstalled("promtool"))(
  "each alert rule fires when it should, and then alone",
  async () => {
    const tested = promisify(execFile)("promtool", ["test", "rules", "alerts.test.yaml"], {
      cwd: fileURLToPath(new URL("prometheus", DEPLOY)),
    });
    await expect(tested).resolves.toMatchObject({ stdout: expect.stringContaining("SUCCESS") });
  },
);
