/** Three jobs on real data from vega-datasets: the weather, the bird strikes and the README. */
import { readFile } from "node:fs/promises";
import type { EventKind } from "../src/domain/event.ts";

export interface DemoJob {
  readonly request: Readonly<Record<string, unknown>> & {
    readonly name: string;
    readonly webhook: Readonly<Record<string, unknown>>;
  };
  /** The events that must arrive, in this order. */
  readonly expected: readonly EventKind[];
}

// The package exports only its code. The data is in the folder next to it.
const PACKAGE = new URL("../", import.meta.resolve("vega-datasets"));

function read(path: string, encoding: "utf8" | "base64"): Promise<string> {
  return readFile(new URL(path, PACKAGE), encoding);
}

export async function demoJobs(url: string): Promise<readonly DemoJob[]> {
  return [
    {
      // The second plugin receives the output of the first.
      request: {
        name: "seattle-weather",
        plugins: [
          "csv-profile",
          {
            name: "json-query",
            options: {
              expression:
                '{ "days": rows, "hottest": columns[name="temp_max"].max, "weather": columns[name="weather"].mostFrequent.value }',
            },
          },
        ],
        input: { text: await read("data/seattle-weather.csv", "utf8") },
        webhook: { url },
      },
      expected: ["started", "progress", "progress", "completed"],
    },
    {
      // A table is not an image: the plugin throws, and the `failed` event has its message.
      request: {
        name: "birdstrikes-as-image",
        plugins: ["image-resize"],
        input: { base64: await read("data/birdstrikes.csv", "base64") },
        webhook: { url, headers: { "x-demo": "birdstrikes" } },
      },
      expected: ["started", "failed"],
    },
    {
      request: {
        name: "readme-in-chunks",
        plugins: ["text-chunk"],
        input: { text: await read("README.md", "utf8") },
        webhook: { url, on: ["completed"] },
      },
      expected: ["completed"],
    },
  ];
}
