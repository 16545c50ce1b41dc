/**
 * Data folders of released versions, each as a killed daemon left it (scripts/
 * make-data-dir-fixture.ts): a tar with `data/` and `manifest.json`, which contains what the API
 * returned just before. It is Brotli, which compresses repeated pages of the database's log: gzip
 * makes it 4 times as large.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { brotliDecompressSync } from "node:zlib";

const FOLDER = new URL("data-dirs/", import.meta.url);
const ENDING = ".tar.br";

/** What the API returns. Only fields that tests name are declared, but tests compare the others too. */
export interface WebhookView {
  readonly id: string;
  readonly url: string;
  readonly on: readonly string[];
  readonly plugins?: readonly string[] | null;
  readonly jobName?: string | null;
  readonly state?: string;
}

export interface StepView {
  readonly status: string;
}

export interface JobView {
  readonly jobId: string;
  readonly name: string | null;
  readonly status: string;
  readonly plugins: readonly string[];
  readonly runAt: string;
  readonly steps: readonly StepView[];
  readonly output: unknown;
  readonly input: unknown;
  readonly webhook: WebhookView | null;
}

export interface EventView {
  readonly jobId: string;
  readonly sequence: number;
  readonly status: string;
}

export interface LogView {
  readonly number: number;
}

export interface BatchView {
  readonly batchId: string;
  readonly status: string;
  readonly endedAt: string | null;
  readonly counts: Readonly<Record<string, number>>;
  readonly jobs: readonly { readonly jobId: string }[];
  readonly webhook: Omit<WebhookView, "on"> | null;
}

export interface DeliveryView {
  readonly deliveryId: string;
  readonly eventId: string;
  readonly jobId: string | null;
  readonly batchId: string | null;
  readonly webhookId: string;
  readonly url: string;
  readonly sequence: number;
  readonly event: string;
  readonly state: string;
  readonly dueAt: string | null;
  readonly attemptCount: number;
  readonly attempts: readonly { readonly number: number }[];
}

export interface JobRecord {
  readonly job: JobView;
  readonly events: readonly EventView[];
  readonly logs: readonly LogView[];
}

/** Everything that the API shows. */
export interface State {
  readonly jobs: readonly JobRecord[];
  readonly batches: readonly BatchView[];
  readonly webhooks: readonly WebhookView[];
  readonly deliveries: readonly DeliveryView[];
}

/** A request that was sent with an Idempotency-Key, and the id of the job or batch that it created. */
export interface KeyedRequest {
  readonly path: string;
  readonly key: string;
  readonly body: object;
  readonly id: string;
}

export interface Manifest extends State {
  readonly version: string;
  /** When the daemon was killed. */
  readonly stoppedAt: string;
  /** By scope. */
  readonly tokens: Readonly<Record<"admin" | "run" | "read", string>>;
  /** By webhook id, what the API never shows: the headers, and the secrets that sign. */
  readonly sealed: Readonly<Record<string, Sealed>>;
  /** Ids of the webhooks whose endpoint responded with 429 and a Retry-After of an hour. */
  readonly throttled: readonly string[];
  readonly requests: readonly KeyedRequest[];
}

export interface Sealed {
  readonly headers: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
}

export function dataDirFixture(version: string): URL {
  return new URL(`${version}${ENDING}`, FOLDER);
}

/** The versions with a data folder. */
export function dataDirVersions(): string[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith(ENDING))
    .map((name) => name.slice(0, -ENDING.length))
    .toSorted();
}

/** Unpacks the data folder to `data` in `root`. */
export function unpackDataDir(version: string, root: string): Manifest {
  const tar = brotliDecompressSync(readFileSync(dataDirFixture(version)));
  execFileSync("tar", ["-xp", "--no-same-owner", "-f", "-", "-C", root], { input: tar });
  return JSON.parse(readFileSync(join(root, "manifest.json"), "utf8")) as Manifest;
}
