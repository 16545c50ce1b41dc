import { spawn, type ChildProcess } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "./until.ts";

const MAIN = fileURLToPath(new URL("../../bin/playground-runner.mjs", import.meta.url));
const START_TIMEOUT_MS = 50_000;

export interface Daemon {
  readonly url: string;
  readonly token: string;
  readonly dataDir: string;
  readonly pluginsDir: string;
  readonly process: ChildProcess;
  /** Everything it has written to stdout and stderr so far. */
  output(): string;
  request(path: string, init?: RequestInit): Promise<Response>;
  /**
   * Posts JSON and returns the parsed response. Throws when the status is not 2xx. With `prefer: wait=10`
   * or more, returns the job or batch when it has ended, if need be after the daemon's wait: a busy
   * machine can take longer.
   */
  // oxlint-disable-next-line typescript/no-explicit-any -- tests read any field of a response
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<any>;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests read any field of a response
  get(path: string): Promise<any>;
  /** Sends the signal and waits for the exit. Returns the exit code, or null if a signal ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>;
  /** Kills it if it is still running. Removes its folders unless `root` was given. */
  close(): Promise<void>;
}

/** The source of a plugin's `run`, alone or with the source of its input schema. */
type PluginSource =
  | string
  | {
      readonly input?: string;
      readonly limits?: string;
      readonly secrets?: string;
      readonly run: string;
    };

/** Writes a plugin file that contains the source. */
export async function dropPlugin(
  pluginsDir: string,
  name: string,
  source: PluginSource,
): Promise<void> {
  const { input, limits, secrets, run } = typeof source === "string" ? { run: source } : source;
  await mkdir(pluginsDir, { recursive: true });
  await writeFile(
    join(pluginsDir, `${name}.ts`),
    `import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { definePlugin } from "playground-runner/plugin";
${input === undefined ? "" : 'import { z } from "zod";'}
export default definePlugin({
  name: "${name}",
  description: "For a test.",
  ${input === undefined ? "" : `input: ${input},`}
  ${limits === undefined ? "" : `limits: ${limits},`}
  ${secrets === undefined ? "" : `secrets: ${secrets},`}
  run: ${run},
});
`,
  );
}

function hasEnded(jobOrBatch: unknown): boolean {
  const { status } = jobOrBatch as { status: string };
  return status === "completed" || status === "failed";
}

/** Starts the real daemon as a separate process, on a free port and with its own folders. */
export async function startDaemon(
  options: {
    /** An existing folder for `data` and `plugins`. It is not removed at the end. */
    root?: string;
    env?: Record<string, string>;
    pluginsDir?: string;
    nodeArgs?: readonly string[];
    /** The program to run in place of the daemon's own. */
    entry?: URL;
    /** Plugins to write into PLUGINS_DIR before the start, by name. */
    plugins?: Readonly<Record<string, PluginSource>>;
    /** Called with the process before it is ready. */
    onSpawn?: (child: ChildProcess) => void;
  } = {},
): Promise<Daemon> {
  const root = options.root ?? (await mkdtemp(join(tmpdir(), "playground-")));
  const dataDir = join(root, "data");
  const pluginsDir = options.pluginsDir ?? join(root, "plugins");
  const token = "test-token-0123456789";
  for (const [name, source] of Object.entries(options.plugins ?? {})) {
    await dropPlugin(pluginsDir, name, source);
  }
  const entry = options.entry === undefined ? MAIN : fileURLToPath(options.entry);
  const child = spawn(process.execPath, [...(options.nodeArgs ?? []), entry], {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env["PATH"],
      PLAYGROUND_PORT: "0",
      PLAYGROUND_DATA_DIR: dataDir,
      PLAYGROUND_PLUGINS_DIR: pluginsDir,
      PLAYGROUND_TOKEN: token,
      PLAYGROUND_THREADS: "2",
      ...options.env,
    },
  });
  options.onSpawn?.(child);
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => void (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => void (output += chunk.toString()));
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));

  async function end(signal: NodeJS.Signals): Promise<number | null> {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    return exited;
  }

  const url = await new Promise<string>((resolve, reject) => {
    const fail = (why: string): void => reject(new Error(`The daemon ${why}:\n${output}`));
    const timer = setTimeout(() => fail("did not become ready in time"), START_TIMEOUT_MS);
    const check = (): void => {
      const match = /listening on (http:\/\/\S+?)["\s]/.exec(`${output} `);
      if (match?.[1] === undefined) return;
      clearTimeout(timer);
      child.stdout.off("data", check);
      resolve(match[1]);
    };
    child.stdout.on("data", check);
    void exited.then((code) => {
      clearTimeout(timer);
      fail(`exited with code ${code}`);
    });
  }).catch(async (error: unknown) => {
    await end("SIGKILL");
    throw error;
  });

  function request(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers);
    if (!headers.has("authorization")) headers.set("authorization", `Bearer ${token}`);
    return fetch(url + path, { ...init, headers });
  }

  async function json(response: Response): Promise<unknown> {
    const text = await response.text();
    if (!response.ok) throw new Error(`${response.status} ${text}`);
    return JSON.parse(text) as unknown;
  }

  const get = async (path: string): Promise<unknown> => json(await request(path));

  async function untilEnded(path: string, answer: unknown): Promise<unknown> {
    const { jobId, batchId } = answer as { jobId?: string; batchId?: string };
    const id = jobId ?? batchId;
    if (id === undefined || hasEnded(answer)) return answer;
    return until(`the end of ${id}`, async () => {
      const now = await get(`${path}/${id}`);
      return hasEnded(now) ? now : null;
    });
  }

  return {
    url,
    token,
    dataDir,
    pluginsDir,
    process: child,
    output: () => output,
    request,
    async post(path, body, headers = {}) {
      const response = await request(path, {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: JSON.stringify(body),
      });
      const answer = await json(response);
      return /^wait=\d\d/.test(headers["prefer"] ?? "") ? untilEnded(path, answer) : answer;
    },
    get,
    end,
    async close() {
      await end("SIGKILL");
      if (options.root === undefined) await rm(root, { recursive: true, force: true });
    },
  };
}
