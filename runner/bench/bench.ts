/**
 * `npm run bench [-- NAME …] [--seconds N] [--size N]` runs benchmarks and prints a table for each,
 * then all figures as JSON. Only `abuse` has a duration, and only `lists`, `slices` and `files`
 * a size: how many jobs or files are stored.
 */
import { parseArgs } from "node:util";
import type { Figure } from "./figures.ts";
import { toTable } from "./figures.ts";

const { positionals: names, values } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: "string", default: "600" },
    size: { type: "string", default: "200000" },
  },
});

const BENCHES: Readonly<Record<string, () => Promise<{ figures: readonly Figure[] }>>> = {
  jobs: async () => (await import("./jobs.ts")).benchJobs(),
  postgres: async () => (await import("./postgres.ts")).benchPostgres(),
  delivery: async () => (await import("./delivery.ts")).benchDelivery(),
  "noisy-neighbour": async () => (await import("./noisy-neighbour.ts")).benchNoisyNeighbour(),
  "webhook-filters": async () => (await import("./webhook-filters.ts")).benchWebhookFilters(),
  "delivery-soak": async () => (await import("./delivery-soak.ts")).benchDeliverySoak(),
  lists: async () => (await import("./lists.ts")).benchLists({ jobs: Number(values.size) }),
  limits: async () => (await import("./limits.ts")).benchLimits(),
  "limits-postgres": async () => (await import("./limits.ts")).benchLimitsOnPostgres(),
  queue: async () => (await import("./queue.ts")).benchQueue(),
  "slow-disk": async () => (await import("./slow-disk.ts")).benchSlowDisk(),
  overload: async () => (await import("./overload.ts")).benchOverload(),
  csv: async () => (await import("./csv.ts")).benchCsv(),
  "csv-speed": async () => (await import("./csv-speed.ts")).benchCsvSpeed(),
  abuse: async () => (await import("./abuse.ts")).benchAbuse(Number(values.seconds)),
  files: async () => (await import("./files.ts")).benchFiles(Number(values.size)),
  slices: async () => (await import("./slices.ts")).benchSlices(Number(values.size)),
  executor: async () => (await import("./executor.ts")).benchExecutor(),
  idle: async () => (await import("./idle.ts")).benchIdle(),
};

if (!(Number(values.seconds) >= 10)) {
  console.error(`--seconds is ${JSON.stringify(values.seconds)}: it must be a number from 10 on.`);
  process.exit(2);
}
if (!(Number(values.size) >= 1_000 && Number(values.size) <= 1_000_000)) {
  console.error(
    `--size is ${JSON.stringify(values.size)}: it must be a number from 1000 to 1000000.`,
  );
  process.exit(2);
}
const unknown = names.filter((name) => BENCHES[name] === undefined);
if (unknown.length > 0) {
  console.error(
    `"${unknown[0]}" is not a benchmark: it must be one of ${Object.keys(BENCHES).join(", ")}.`,
  );
  process.exit(2);
}
const results: Record<string, readonly Figure[]> = {};
for (const name of names.length > 0 ? names : Object.keys(BENCHES)) {
  const { figures } = (await BENCHES[name]?.()) ?? { figures: [] };
  results[name] = figures;
  console.log(`\n${name}\n${toTable(figures)}`);
}
console.log(`\n${JSON.stringify(results)}`);
