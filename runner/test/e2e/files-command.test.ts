/** The commands of `files`, against a real daemon. */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { runCli, type CliRun } from "../support/cli.ts";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { createFileRequests } from "../support/file-requests.ts";

let daemon: Daemon;
let folder: string;

beforeAll(async () => void (daemon = await startDaemon()));
afterAll(() => daemon.close());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "files-command-"));
  onTestFinished(() => rm(folder, { recursive: true }));
});

const files = (...args: readonly string[]): Promise<CliRun> =>
  runCli(["files", ...args], {
    cwd: folder,
    env: { PLAYGROUND_URL: daemon.url, PLAYGROUND_TOKEN: daemon.token },
  });

test("a file is uploaded, and downloaded under its name or to stdout", async () => {
  await writeFile(join(folder, "in.txt"), "content");
  const uploaded = await files("upload", "in.txt", "--name", "../.out.txt");
  expect(uploaded).toMatchObject({ code: 0, stderr: "" });
  const id = uploaded.stdout.trim();
  expect(await files("download", id, "--to", "-")).toMatchObject({ code: 0, stdout: "content" });
  expect((await files("download", id)).code).toBe(0);
  expect((await readdir(folder)).toSorted()).toEqual(["__.out.txt", "in.txt"]);
});

test("a download replaces nothing but what --force names", async () => {
  const { fileId } = await createFileRequests(daemon).upload("content", "a");
  for (const name of ["a", "a.part"]) await writeFile(join(folder, name), "mine");
  const refused = await files("download", fileId);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain('"a", which already exists');
  expect((await files("download", fileId, "--force")).code).toBe(0);
  expect(await readFile(join(folder, "a"), "utf8")).toBe("content");
  expect(await readFile(join(folder, "a.part"), "utf8")).toBe("mine");
  expect((await readdir(folder)).toSorted()).toEqual(["a", "a.part"]);
});
