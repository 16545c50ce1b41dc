import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { until } from "../../../test/support/until.ts";
import { createStepFiles, type ThreadFiles } from "./step-files.ts";

let root: string;
let stop: AbortController;
let step: ThreadFiles;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "step-files-"));
  stop = new AbortController();
  step = createStepFiles(
    { filesLimitBytes: 100 },
    { filesDir: root, contentsDir: root, fileLimitBytes: 100, signal: stop.signal },
  );
});
afterEach(() => rm(root, { recursive: true }));

const names = (): Promise<string[]> => readdir(root);

/** Streams that yield something, and then nothing more. */
function stalledStream(): Readable {
  const stream = new Readable({ read: () => {} });
  stream.push("half");
  return stream;
}
const stalledWebStream = (): ReadableStream<Uint8Array> =>
  new ReadableStream({ start: (controller) => controller.enqueue(Buffer.from("half")) });

async function stall(
  stream: AsyncIterable<Uint8Array>,
): Promise<{ readonly written: Promise<unknown> }> {
  const written = step.artifacts.write("stalls", stream);
  written.catch(() => undefined);
  await until("its part", async () => (await names()).length === 1);
  return { written };
}

test.each([
  ["fails", () => step.close(), "The step has ended.", stalledStream],
  ["is asked to stop", () => stop.abort(new Error("cancelled")), "cancelled", stalledStream],
  ["of a fetch fails", () => step.close(), "The step has ended.", stalledWebStream],
])("a write that goes on when the step %s ends, and leaves nothing", async (...args) => {
  const [, end, reason, open] = args;
  const { written } = await stall(open());
  end();
  await expect(written).rejects.toMatchObject({ cause: { message: reason } });
  expect(await names()).toEqual([]);
});

test("a step that has ended writes nothing any more", async () => {
  await step.artifacts.write("in time", Buffer.from("1"));
  expect(await step.end()).toMatchObject([{ name: "in time", size: 1 }]);
  await expect(step.artifacts.write("late", Buffer.from("2"))).rejects.toThrow("has ended");
});

test("a write that failed leaves its bytes to the next one", async () => {
  for (let n = 0; n < 3; n += 1) {
    const tooLarge = step.artifacts.write("too large", Buffer.alloc(101));
    await expect(tooLarge).rejects.toThrow("PLAYGROUND_FILE_LIMIT");
  }
  await step.artifacts.write("fits", Buffer.alloc(100));
});

const LARGE = Buffer.alloc(101);
/** Streams that end only when they are closed. */
const ENDLESS = [
  (onClose: () => void) =>
    new Readable({
      read() {
        this.push(LARGE);
      },
      destroy: (_error, done) => (onClose(), done(null)),
    }),
  (onClose: () => void) => new ReadableStream({ pull: (to) => to.enqueue(LARGE), cancel: onClose }),
];

test.each<[string, (source: AsyncIterable<Uint8Array>) => Promise<unknown>, string]>([
  ["with a bad name", (source) => step.artifacts.write("", source), "name is"],
  ["with a bad type", (source) => step.artifacts.write("a", source, { type: "?" }), "type is"],
  ["over a limit", (source) => step.artifacts.write("a", source), "PLAYGROUND_FILE_LIMIT"],
  [
    "that the disk refuses",
    async (source) => {
      await rm(root, { recursive: true });
      await writeFile(root, "no folder");
      return step.artifacts.write("a", source);
    },
    "EEXIST",
  ],
  [
    "after the step's end",
    async (source) => {
      await step.end();
      return step.artifacts.write("a", source);
    },
    "has ended",
  ],
])("a write %s closes the stream that it was given", async (_, write, message) => {
  for (const open of ENDLESS) {
    const onClose = vi.fn();
    await expect(write(open(onClose))).rejects.toThrow(message);
    expect(onClose).toHaveBeenCalledOnce();
  }
});
