/** Daemons killed while a file is stored: what is left over is swept, and no reference dangles. */
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { until } from "../support/until.ts";

const PRELOAD = fileURLToPath(new URL("../support/kill-at-rename.mjs", import.meta.url));
/** Waits to be killed in its first run, after it has written a file that differs from run to run. */
const PLUGINS = {
  waits: `async (input, ctx) => {
    const written = await ctx.artifacts.write("mine.txt", Buffer.from("run " + Math.random()));
    if (!existsSync(input.marker)) {
      appendFileSync(input.marker, "written");
      await sleep(60_000);
    }
    return written;
  }`,
};

let root: string;
let daemon: Daemon;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "file-kills-"));
});
afterEach(async () => {
  await daemon.close();
  await rm(root, { recursive: true });
});

async function start(env: Record<string, string> = {}): Promise<void> {
  const nodeArgs = "KILL_AT" in env ? ["--import", PRELOAD] : [];
  daemon = await startDaemon({ root, env, nodeArgs, plugins: PLUGINS });
}

async function put(body: string): Promise<{ fileId: string; sha256: string }> {
  const response = await daemon.request("/v1/files", { method: "PUT", body });
  return (await response.json()) as { fileId: string; sha256: string };
}

async function storedFiles(): Promise<{ sha256: string; fileId: string }[]> {
  return (await daemon.get("/v1/files")).items;
}

const artifacts = (): string => join(root, "data", "artifacts");

async function leftOver(): Promise<string[]> {
  const entries = await readdir(artifacts(), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

/** A sweep renames a content before it removes it: neither name may be left. */
async function untilSwept(name: string): Promise<void> {
  await until("the orphan to be swept", async () =>
    (await leftOver()).every((each) => !each.startsWith(name)),
  );
}

/** As if the daemon had been down for two minutes. */
async function makeAllOld(): Promise<void> {
  const before = new Date(Date.now() - 2 * 60_000);
  const entries = await readdir(artifacts(), { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    if (entry.isFile()) await utimes(join(entry.parentPath, entry.name), before, before);
  }
}

test.each([
  ["before the part gets its name", "before-rename", /\.part$/],
  ["before its row is stored", "after-rename", /^[0-9a-f]{64}$/],
])(
  "an upload that a kill ends %s leaves nothing after the sweep",
  async (...[, killAt, orphan]) => {
    await start();
    const kept = await put("kept");
    await daemon.end("SIGTERM");
    const folder = join(root, "data", "files");
    await mkdir(folder, { recursive: true });
    const operators = [join(folder, "c".repeat(64)), join(artifacts(), "notes.txt")];
    for (const path of operators) await writeFile(path, "the operator's");

    await start({ KILL_AT: killAt });
    await expect(put("never stored")).rejects.toThrow("fetch failed");
    expect(await daemon.end("SIGKILL")).toBeNull();
    const orphans = (await leftOver()).filter((name) => !["notes.txt", kept.sha256].includes(name));
    expect(orphans).toEqual([expect.stringMatching(orphan)]);

    await makeAllOld();
    await start();
    expect((await storedFiles()).map(({ fileId }) => fileId)).toEqual([kept.fileId]);
    await untilSwept(orphans[0]!);
    expect((await leftOver()).toSorted()).toEqual([kept.sha256, "notes.txt"].toSorted());
    for (const path of operators) expect(await readFile(path, "utf8")).toBe("the operator's");
    const content = await daemon.request(`/v1/files/${kept.fileId}/content`);
    expect(await content.text()).toBe("kept");
  },
);

test("a step that a kill ends after it wrote a file runs again, and its job has one file", async () => {
  await start();
  const { jobId } = await daemon.post("/v1/jobs", {
    plugins: ["waits"],
    input: { marker: join(root, "marker") },
  });
  await until("the file to be written", () => existsSync(join(root, "marker")));
  await daemon.end("SIGKILL");
  const [orphan] = await leftOver();
  await makeAllOld();
  await start();
  const job = await until("the job to complete", async () => {
    const read = await daemon.get(`/v1/jobs/${jobId}`);
    return read.status === "completed" ? read : null;
  });
  await untilSwept(orphan!);
  const files = await storedFiles();
  expect(files).toMatchObject([{ jobId, sha256: job.output.sha256, fileId: job.output.$file }]);
  expect(await leftOver()).toEqual([job.output.sha256]);
  const content = await daemon.request(`/v1/files/${job.output.$file}/content`);
  expect(await content.text()).toMatch(/^run 0\./);
});
