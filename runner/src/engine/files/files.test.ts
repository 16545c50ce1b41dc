import { afterEach, beforeEach, expect, test } from "vitest";
import { createWorld, interceptCalls, type World } from "../../../test/support/engine.ts";
import { until } from "../../../test/support/until.ts";
import type { Upload } from "./files.ts";

const UPLOAD: Upload = { name: "a.txt", type: "text/plain", sha256: null, size: null, keep: false };

let world: World;
beforeEach(async () => void (world = await createWorld()));
afterEach(() => world.close());

async function* chunks(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield Buffer.from(text);
}

/** One of the world's limit for one file. Three are its limit for all files. */
const MEGABYTE = "x".repeat(1_000_000);

test("an upload whose file is being stored counts against the limit of all files", async () => {
  const { promise: stored, resolve: store } = Promise.withResolvers<void>();
  let storing = 0;
  const { engine } = await world.startEngine({
    retentionMs: 60_000,
    intercept: (given) =>
      interceptCalls(given, async (call, name) => {
        if (name !== "createFile") return call();
        storing += 1;
        await stored;
        return call();
      }),
  });
  const uploads = ["a", "b", "c"].map((text) =>
    engine.files.upload(UPLOAD, chunks(text + MEGABYTE.slice(1))),
  );
  await until("three files to be stored", () => storing === 3);
  const refused = engine.files.upload(UPLOAD, chunks("d"));
  await expect(refused).rejects.toMatchObject({ code: "FILES_FULL" });
  store();
  await Promise.all(uploads);
});

test("an upload is refused while the engine stops", async () => {
  const { engine } = await world.startEngine();
  await engine.stop({ graceMs: 0 });
  const refused = engine.files.upload(UPLOAD, chunks("late"));
  await expect(refused).rejects.toMatchObject({ code: "STOPPING" });
});
