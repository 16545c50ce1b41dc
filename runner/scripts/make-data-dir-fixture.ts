/**
 * Creates the data folder of this version for test/faults/upgrade.test.ts. Run it once before each
 * release. A daemon gets jobs of every kind and is killed while it runs them. The folder is packed
 * with its leases and the database's WAL. An existing folder is not replaced.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { brotliCompressSync } from "node:zlib";
import { VERSION } from "../src/version.ts";
import { createClient } from "../test/faults/upgrade/client.ts";
import { readState } from "../test/faults/upgrade/read-state.ts";
import { signsPath, startIn, type World } from "../test/faults/upgrade/start.ts";
import { runCli } from "../test/support/cli.ts";
import { dataDirFixture, type Manifest } from "../test/support/data-dir-fixtures.ts";
import type { Daemon } from "../test/support/daemon.ts";
import { createReceiver } from "../test/support/receiver.ts";
import { createAnswers, type Answers } from "./data-dir/endpoints.ts";
import { fillWithEnded, fillWithOpen, fillWithWaiting, registerWebhooks } from "./data-dir/fill.ts";
import { createFiller, type Filling } from "./data-dir/filling.ts";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));

interface Making {
  readonly world: World;
  readonly answers: Answers;
  readonly filling: Filling;
  /** All of them are stopped at the end, even after an error. */
  readonly daemons: Daemon[];
}

async function start({ world, daemons }: Making): Promise<Daemon> {
  const daemon = await startIn(world, { number: daemons.length + 1 });
  daemons.push(daemon);
  return daemon;
}

async function addToken(world: World, name: string, scope: string): Promise<string> {
  const env = { PLAYGROUND_DATA_DIR: join(world.root, "data") };
  return (await runCli(["tokens", "add", name, "--scope", scope], { env })).stdout.trim();
}

async function fill(making: Making): Promise<Manifest> {
  const { world, answers, filling } = making;
  const first = await start(making);
  const tokens = {
    admin: /Created an API token: (\S+)/.exec(first.output())?.[1] ?? "",
    run: await addToken(world, "runner", "run"),
    read: await addToken(world, "reader", "read"),
  };
  const early = createClient(first, tokens.admin);
  const earlyFiller = createFiller(early, world, filling);
  const registered = await registerWebhooks(earlyFiller);
  await fillWithEnded(early, earlyFiller, registered);
  await fillWithWaiting(early, earlyFiller, registered);
  await first.end("SIGTERM");

  const second = await start(making);
  const client = createClient(second, tokens.admin);
  const filler = createFiller(client, world, filling);
  await fillWithOpen(client, filler, { registered, filling, answers });
  const state = await readState(client, filling.batchIds);
  const again = await readState(client, filling.batchIds);
  await second.end("SIGKILL");
  const stoppedAt = new Date().toISOString();
  if (!isDeepStrictEqual(state, again)) {
    throw new Error("The state changed while it was read. Run this script again.");
  }
  const { sealed, throttled, requests } = filling;
  return { version: VERSION, stoppedAt, tokens, sealed, throttled, requests, ...state };
}

/** SQLite recreates the WAL index. */
const LEFT_OUT = "*-shm";

function pack(root: string): Buffer {
  const order = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner"];
  const tar = execFileSync(
    "tar",
    ["-c", ...order, `--exclude=${LEFT_OUT}`, "-C", root, "data", "manifest.json"],
    { maxBuffer: 1024 ** 3 },
  );
  for (const own of [root, REPOSITORY.replace(/\/$/, "")]) {
    if (tar.includes(own))
      throw new Error(`The data folder contains ${own}, a path of this machine.`);
  }
  return brotliCompressSync(tar);
}

const target = fileURLToPath(dataDirFixture(VERSION));
const root = mkdtempSync(join(tmpdir(), "data-dir-fixture-"));
const answers = createAnswers();
const receiver = await createReceiver(({ path }, response) => answers.answer(path, response));
const world: World = { root, receiverUrl: receiver.url, clockOffsetMs: 0 };
const daemons: Daemon[] = [];
try {
  mkdirSync(signsPath(world));
  mkdirSync(join(root, "data/files/in"), { recursive: true, mode: 0o700 });
  writeFileSync(join(root, "data/files/in/report.csv"), "name,amount\nada,3\ngrace,5\n");
  const filling: Filling = { sealed: {}, throttled: [], requests: [], batchIds: [] };
  const manifest = await fill({ world, answers, filling, daemons });
  writeFileSync(join(root, "manifest.json"), `${JSON.stringify(manifest, null, 1)}\n`);
  const packed = pack(root);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, packed, { flag: "wx" });
  process.stdout.write(`Created ${target}, ${packed.length} bytes.\n`);
} finally {
  for (const daemon of daemons) await daemon.close();
  await receiver.close();
  rmSync(root, { recursive: true });
}
