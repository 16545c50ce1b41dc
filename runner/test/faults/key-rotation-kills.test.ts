/** A rotation of the key that is killed at any moment leaves a database that a daemon reads. */
import { cp, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCli } from "../support/cli.ts";
import { startDaemon } from "../support/daemon.ts";
import { createReceiver, type Receiver } from "../support/receiver.ts";
import { addPlugin, expectReadable, sealThings } from "../support/sealed-things.ts";

const PRELOAD = fileURLToPath(new URL("../support/kill-in-rotation.mjs", import.meta.url));
const MOMENTS = [
  "old-created",
  "key-created",
  "before-commit",
  "after-commit",
  "before-rename",
  "after-rename",
];
const ROTATED = new Set(["after-commit", "before-rename", "after-rename"]);

let folder: string;
let receiver: Receiver;
let key: string;
const keyOf = (root: string) => readFile(join(root, "data", "secret-key"), "utf8");

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "playground-rotation-"));
  receiver = await createReceiver();
  const root = join(folder, "origin");
  await addPlugin(join(root, "plugins"));
  const daemon = await startDaemon({ root });
  await sealThings(daemon, receiver);
  await daemon.end("SIGTERM");
  key = await keyOf(root);
});
afterAll(async () => {
  await receiver.close();
  await rm(folder, { recursive: true, force: true });
});

const rotate = (root: string, env: Record<string, string> = {}) =>
  runCli(["rotate-key", "--data-dir", join(root, "data")], { env });

async function killAt(moment: string, name: string): Promise<string> {
  const root = join(folder, name);
  await cp(join(folder, "origin"), root, { recursive: true });
  const killed = await rotate(root, { KILL_AT: moment, NODE_OPTIONS: `--import=${PRELOAD}` });
  expect(killed.code).toBeNull();
  return root;
}

describe.each(MOMENTS)("killed at %s", (moment) => {
  test("the next daemon reads everything, with the one key that fits", async () => {
    const root = await killAt(moment, `${moment}-start`);
    const daemon = await startDaemon({ root });
    try {
      await expectReadable(daemon, receiver);
      expect((await keyOf(root)) === key).toBe(!ROTATED.has(moment));
    } finally {
      await daemon.close();
    }
  });

  test("the command can be run again", async () => {
    const root = await killAt(moment, `${moment}-again`);
    expect(await rotate(root)).toMatchObject({ code: 0, stderr: "" });
    expect(await keyOf(root)).not.toBe(key);
    const daemon = await startDaemon({ root });
    try {
      await expectReadable(daemon, receiver);
    } finally {
      await daemon.close();
    }
  });
});
