/**
 * Runs a document's examples as its reader would, in one shell and one folder, against a daemon:
 *   ```bash is run, and the session fails when it fails.
 *   ```json and ```text after it are part of what it prints. A "…" cuts a line of text off.
 *   ```ts, ```js and ```csv that begin with a comment `// path` or `# path` are written to that path.
 * All other blocks (```sh for what cannot run here, ```ini, …) are ignored.
 */
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { startDaemon, type Daemon } from "./daemon.ts";
import { fencesOf, type Fence } from "./markdown.ts";
import { jsonIn, jsonMissing, textMissing } from "./doc-output.ts";
import { freePort, isFree } from "./free-port.ts";
import { until } from "./until.ts";

const RUNNER = fileURLToPath(new URL("../..", import.meta.url));
const DOCS = fileURLToPath(new URL("../../../docs", import.meta.url));
const PRINTED = new Set(["json", "text"]);

export interface Example {
  readonly fence: Fence;
  readonly prints: readonly Fence[];
}

export function examplesOf(markdown: string): Example[] {
  const examples: { fence: Fence; prints: Fence[] }[] = [];
  for (const fence of fencesOf(markdown)) {
    if (PRINTED.has(fence.language)) examples.at(-1)?.prints.push(fence);
    else examples.push({ fence, prints: [] });
  }
  return examples.filter(({ fence }) => fence.language === "bash" || pathOf(fence) !== null);
}

/** The path in the first line's comment. */
function pathOf({ text }: Fence): string | null {
  return /^(?:\/\/|#) ([\w./-]+\.\w+)\n/.exec(text)?.[1] ?? null;
}

/** `replacing` maps texts in the document to the texts that replace them. */
export async function openDocSession(replacing: Readonly<Record<string, string>> = {}): Promise<{
  /** Returns what was printed until the command ended. */
  run(example: Example): Promise<string>;
  /** The names in the folder now, without the links to the project. */
  made(): Promise<string[]>;
  /** Throws when a process that the examples started keeps the endpoint's port. */
  untilEndpointIsFree(): Promise<void>;
  close(): Promise<void>;
}> {
  const root = await mkdtemp(join(tmpdir(), "playground-docs-"));
  await symlink(RUNNER, join(root, "runner"));
  await symlink(DOCS, join(root, "docs"));
  await symlink(join(RUNNER, "..", "node_modules"), join(root, "node_modules"));
  // The reader's own project, with the packages of its examples installed.
  await mkdir(join(root, "receiver"));
  await symlink(join(RUNNER, "node_modules"), join(root, "receiver", "node_modules"));
  // An empty variable counts as not set: the daemon creates a token, as it does for the reader.
  const daemon = await startDaemon({ root, env: { PLAYGROUND_TOKEN: "" } });
  // Examples end their endpoint and start another one on the port.
  const endpointPort = String(await freePort());
  const shell = openShell(root);
  const droppedIn = new Set<string>();

  function localized(text: string): string {
    const replaced = text
      .replaceAll("http://127.0.0.1:8787", daemon.url)
      .replaceAll("9000", endpointPort)
      .replaceAll("npm start --silent -- ", "playground-runner ")
      .replaceAll("playground-runner ", "node runner/bin/playground-runner.mjs ");
    return Object.entries(replacing).reduce(
      (all, [from, to]) => all.replaceAll(from, to),
      replaced,
    );
  }

  async function run({ fence, prints }: Example): Promise<string> {
    const path = pathOf(fence);
    if (path !== null) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), localized(fence.text));
      const source = /^plugins\/([^/]+)/.exec(path)?.[1];
      if (source !== undefined && !source.includes(".test.")) droppedIn.add(source);
      return "";
    }
    for (const source of droppedIn) await untilPickedUp(daemon, source);
    droppedIn.clear();
    if (fence.text.trim() === "npm start") {
      await check(prints, () => daemon.output());
      return daemon.output();
    }
    const from = shell.output().length;
    await shell.run(localized(fence.text));
    const printed = (): string => shell.output().slice(from);
    await check(prints, printed);
    return printed();
  }

  return {
    run,
    async made() {
      const entries = await readdir(root, { withFileTypes: true });
      return entries.filter((entry) => !entry.isSymbolicLink()).map(({ name }) => name);
    },
    async untilEndpointIsFree() {
      await until(
        "the examples to end their endpoint: the reader's next one needs the port",
        () => isFree(Number(endpointPort)),
        { timeoutMs: 30_000 },
      );
    },
    async close() {
      await shell.close();
      await daemon.close();
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** Waits, because an endpoint prints what it receives a moment after the command has ended. */
async function check(prints: readonly Fence[], output: () => string): Promise<void> {
  for (const print of prints) {
    const missing = (): string | null =>
      print.language === "json"
        ? jsonMissing(JSON.parse(print.text) as unknown, jsonIn(output()))
        : textMissing(print.text, output());
    await until("the shown output", () => missing() === null, { timeoutMs: 30_000 }).catch(() => {
      throw new Error(`line ${print.line}: ${missing()}\nprinted:\n${output()}`);
    });
  }
}

function openShell(cwd: string) {
  const shell = spawn("bash", ["--noprofile", "--norc"], {
    cwd,
    // Its own process group, so that background processes end with it.
    detached: true,
    env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env["PATH"]}` },
  });
  let output = "";
  let ended = 0;
  shell.stdout.on("data", (chunk: Buffer) => void (output += chunk.toString()));
  shell.stderr.on("data", (chunk: Buffer) => void (output += chunk.toString()));
  const exited = new Promise((resolve) => shell.once("close", resolve));
  return {
    output: () => output,
    /** Throws when the last command of the text fails. */
    async run(text: string): Promise<void> {
      ended += 1;
      const mark = new RegExp(`^.*<ended ${ended} (\\d+)>\n`, "m");
      shell.stdin.write(`{\n${text}\n} </dev/null\necho "<ended ${ended} $?>"\n`);
      const code = await until("the command to end", () => mark.exec(output)?.[1]).catch(() => {
        throw new Error(`Timed out. Waited for the end of:\n${text}\nprinted:\n${output}`);
      });
      if (code !== "0") throw new Error(`exit code ${code} of:\n${text}\nprinted:\n${output}`);
    },
    async close(): Promise<void> {
      if (shell.pid !== undefined) process.kill(-shell.pid, "SIGKILL");
      await exited;
    },
  };
}

async function untilPickedUp(daemon: Daemon, source: string): Promise<void> {
  const token = (await readFile(join(daemon.dataDir, "token"), "utf8")).trim();
  await until(`${source} to be picked up`, async () => {
    const headers = { authorization: `Bearer ${token}` };
    const answer = await daemon.request("/v1/plugins", { headers });
    const { items } = (await answer.json()) as {
      items: { source: string; status: string; error: string | null }[];
    };
    const found = items.find((plugin) => plugin.source === source);
    // A guide can show a plugin whose secret is not set.
    return found?.status === "ready" || found?.error?.startsWith("The secret ");
  });
}
