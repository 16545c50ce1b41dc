import { mkdir, mkdtemp, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createTestClock, type TestClock } from "../../../test/support/test-clock.ts";
import { createTestLog } from "../../../test/support/test-log.ts";
import { until } from "../../../test/support/until.ts";
import { createLocalContents, type LocalContents } from "../../files/local-contents.ts";
import { createFileWriters, type FileWriters } from "../files/file-writers.ts";
import type { Bus } from "../../ports/bus.ts";
import { createLocalBus } from "../../system/local-bus.ts";
import { createDeafBus } from "../../../test/support/deaf-bus.ts";
import type { Loop } from "../loop.ts";
import { createSweepLoop } from "./sweep-loop.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

let root: string;
let contents: LocalContents;
let clock: TestClock;
let writers: FileWriters;
let loop: Loop;
let logged: { readonly fields: object; readonly message: string }[];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "sweep-"));
  contents = createLocalContents(root);
  clock = createTestClock();
  writers = createFileWriters(clock);
  logged = [];
});
afterEach(async () => {
  await loop.stop();
  await rm(root, { recursive: true });
});

async function start(bus: Bus = createLocalBus()): Promise<void> {
  create(bus);
  await untilSwept();
}

function create(bus: Bus): void {
  const log = createTestLog((fields, message) => void logged.push({ fields, message }));
  const store = { usedContents: async () => new Set<string>() };
  loop = createSweepLoop({
    store,
    contents,
    writers,
    clock,
    log,
    bus,
    stopping: new AbortController().signal,
  });
}

/** Until the loop waits for its next sweep. */
async function untilSwept(): Promise<void> {
  for (;;) {
    await until("the loop to wait", () => clock.sleepers() === 1);
    const wakesAt = clock.nextWakeAt()!;
    if (wakesAt - clock.now() > MINUTE_MS) return;
    clock.moveTo(wakesAt);
  }
}

async function sweep(): Promise<void> {
  clock.moveTo(clock.nextWakeAt()!);
  await untilSwept();
}

/** Writes a content as at the clock's instant. Returns its path. */
async function write(folder = "aa"): Promise<string> {
  const path = contents.pathOf(folder.repeat(32));
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, "content");
  await utimes(path, clock.now() / 1000, clock.now() / 1000);
  return path;
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

test("what an earlier daemon left behind goes at the start, and what no file got within an hour", async () => {
  const left = await write("aa");
  clock.moveTo(clock.now() + 2 * MINUTE_MS);
  await start();
  expect(await exists(left)).toBe(false);
  const failed = await write("bb");
  await sweep();
  expect(await exists(failed)).toBe(false);
  expect(logged).toEqual([
    { message: "files.swept", fields: { removed: 1, bytes: 7 } },
    { message: "files.swept", fields: { removed: 1, bytes: 7 } },
  ]);
});

test("what a job in progress wrote stays until it ends, however long it takes", async () => {
  await start();
  const end = writers.begin();
  const path = await write();
  clock.moveTo(clock.now() + 30 * HOUR_MS);
  await untilSwept();
  await sweep();
  expect(await exists(path)).toBe(true);
  end();
  await sweep();
  expect(await exists(path)).toBe(false);
});

test.each([
  ["back before it began", -3 * HOUR_MS, 0],
  ["back while it goes on", 0, -3 * HOUR_MS],
  ["forward while it goes on", 0, 48 * HOUR_MS],
])("a clock that is set %s takes nothing from a job", async (...[, before, during]) => {
  await start();
  clock.set(clock.now() + before);
  writers.begin();
  clock.moveTo(clock.now() + 10 * MINUTE_MS);
  if (during < 0) clock.set(clock.now() + during);
  const path = await write();
  if (during > 0) clock.set(clock.now() + during);
  await sweep();
  await sweep();
  expect(await exists(path)).toBe(true);
});

test("beside other daemons, what was written on the last day stays", async () => {
  const path = await write();
  clock.moveTo(clock.now() + 23 * HOUR_MS);
  await start(createDeafBus("down"));
  expect(await exists(path)).toBe(true);
  await sweep();
  await sweep();
  expect(await exists(path)).toBe(false);
});

test("a folder that cannot be read does not keep the others from the sweep", async () => {
  await symlink("ab", join(root, "ab"));
  const [before, after] = [await write("aa"), await write("ac")];
  clock.moveTo(clock.now() + 2 * MINUTE_MS);
  await start();
  expect([await exists(before), await exists(after)]).toEqual([false, false]);
  expect(logged).toContainEqual({
    message: "files.not-swept",
    fields: { group: "ab", err: expect.objectContaining({ code: "ELOOP" }) as Error, groups: 1 },
  });
});

test("a stop waits for one group that takes long, and not for the others", async () => {
  for (const folder of ["aa", "ab", "ac"]) await write(folder);
  const swept: string[] = [];
  const fast = contents;
  contents = {
    ...fast,
    sweep(group, request) {
      swept.push(group);
      clock.moveTo(clock.now() + MINUTE_MS);
      return fast.sweep(group, request);
    },
  };
  create(createLocalBus());
  await loop.stop();
  expect(swept).toEqual([""]);
});
