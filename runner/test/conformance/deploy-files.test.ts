/** compose.yaml and the files of docs/deploy name settings, paths, times and images that fit the daemon. */
import { existsSync, globSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { DEFAULTS, parseSettings, SETTING_NAMES } from "../../src/config.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const read = (path: string) => readFile(resolve(ROOT, path), "utf8");

const COMPOSE = ["compose.yaml", "docs/deploy/compose-postgres.yaml"];
const KUBERNETES = globSync("docs/deploy/kubernetes/*.yaml", { cwd: ROOT });
const SYSTEMD = "docs/deploy/systemd/playground.service";

/** Of n8n's container. */
const OTHER_VARIABLES = ["PLAYGROUND_URL"];

/** A stop takes twice PLAYGROUND_GRACE_MS at most. */
const STOP_SECONDS = (2 * DEFAULTS.graceMs) / 1000;

interface Service {
  readonly image: string;
  readonly build?: unknown;
  readonly pull_policy?: string;
  readonly stop_grace_period?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
}

interface PodContainer {
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly lifecycle?: { readonly preStop: { readonly sleep: { readonly seconds: number } } };
  readonly [probe: `${string}Probe`]: { readonly httpGet: { path: string; port: string } };
}

interface Pod {
  readonly terminationGracePeriodSeconds: number;
  readonly enableServiceLinks: boolean;
  readonly containers: readonly PodContainer[];
}

/** The files that some settings name are not read. */
function expectValid(variables: Readonly<Record<string, string>>): void {
  const env = Object.fromEntries(
    Object.entries(variables).filter(([name]) => !name.endsWith("_FILE")),
  );
  expect(() => parseSettings([], env)).not.toThrow();
}

test.each(["Dockerfile", SYSTEMD, ...COMPOSE, ...KUBERNETES])(
  "%s names settings that exist",
  async (path) => {
    const named = new Set((await read(path)).match(/\bPLAYGROUND_[A-Z_]+\b/g));
    const known = new Set([...SETTING_NAMES, ...OTHER_VARIABLES]);
    expect([...named].filter((name) => !known.has(name))).toEqual([]);
  },
);

describe.each(COMPOSE)("%s", (path) => {
  async function services(): Promise<Service[]> {
    const { services: all } = parse(await read(path), { merge: true }) as {
      services: Record<string, Service>;
    };
    return Object.values(all);
  }

  test("builds each image once, and pulls none that it builds", async () => {
    const all = await services();
    const built = all.filter(({ build }) => build !== undefined).map(({ image }) => image);
    expect(built.toSorted()).toEqual([...new Set(built)].toSorted());
    for (const { image, build, pull_policy } of all)
      if (build === undefined && built.includes(image)) expect(pull_policy).toBe("never");
  });

  test("mounts folders and files that exist, and gives valid settings", async () => {
    for (const { volumes = [], environment = {} } of await services()) {
      for (const [source = ""] of volumes.map((volume) => volume.split(":")))
        if (source.startsWith("."))
          expect(existsSync(resolve(ROOT, dirname(path), source))).toBe(true);
      const defaults = Object.entries(environment).map(([name, value]) => [
        name,
        value.replaceAll(/\$\{\w+:-([^}]*)\}/g, "$1"),
      ]);
      expectValid(Object.fromEntries(defaults));
    }
  });

  test("lets a daemon stop in time", async () => {
    const daemons = (await services()).filter(({ volumes = [] }) =>
      volumes.some((volume) => volume.includes(":/plugins")),
    );
    expect(daemons.length).toBeGreaterThan(0);
    for (const { stop_grace_period } of daemons)
      expect(Number.parseInt(stop_grace_period ?? "", 10)).toBeGreaterThan(STOP_SECONDS);
  });
});

test("the systemd unit lets the daemon stop in time", async () => {
  const [, seconds] = /^TimeoutStopSec=(\d+)$/m.exec(await read(SYSTEMD)) ?? [];
  expect(Number(seconds)).toBeGreaterThan(STOP_SECONDS);
});

describe.each(KUBERNETES)("%s", (path) => {
  async function pod(): Promise<Pod> {
    const documents = parseAllDocuments(await read(path)).map((each) => each.toJS());
    return documents.find(({ spec }) => spec.template !== undefined).spec.template.spec as Pod;
  }

  test("gives valid settings, which Kubernetes does not overwrite", async () => {
    const { containers, enableServiceLinks } = await pod();
    expect(enableServiceLinks).toBe(false);
    for (const { env } of containers) {
      const given = Object.fromEntries(env.map(({ name, value }) => [name, value]));
      expect(given).toHaveProperty("PLAYGROUND_PUBLIC_URL");
      expectValid(given);
    }
  });

  test("asks for the daemon's health at its port", async () => {
    const { containers } = await pod();
    for (const container of containers) {
      expect(container.ports).toEqual([{ name: "http", containerPort: DEFAULTS.port }]);
      const paths = ["startupProbe", "readinessProbe", "livenessProbe"] as const;
      expect(paths.map((probe) => container[probe]?.httpGet)).toEqual([
        { path: "/readyz", port: "http" },
        { path: "/readyz", port: "http" },
        { path: "/healthz", port: "http" },
      ]);
    }
  });

  test("lets the daemon stop in time", async () => {
    const { terminationGracePeriodSeconds, containers } = await pod();
    const slept = Math.max(
      0,
      ...containers.map(({ lifecycle }) => lifecycle?.preStop.sleep.seconds ?? 0),
    );
    expect(terminationGracePeriodSeconds).toBeGreaterThan(slept + STOP_SECONDS);
  });
});
