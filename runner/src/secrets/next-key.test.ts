import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { finishRotation, promoteNextKey, writeKeys } from "./next-key.ts";
import { KEY_BYTES } from "./vault.ts";

test("a rotation and a daemon that starts meanwhile can both end it, and both keys are kept", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "playground-key-"));
  onTestFinished(() => rm(dataDir, { recursive: true }));
  const [old, next] = [Buffer.alloc(KEY_BYTES, 1), Buffer.alloc(KEY_BYTES, 2)];
  await writeKeys(dataDir, { old, next });
  const isNext = async (key: Buffer): Promise<boolean> => key.equals(next);
  await Promise.all([
    promoteNextKey(dataDir),
    finishRotation(dataDir, isNext),
    promoteNextKey(dataDir),
  ]);
  expect((await readdir(dataDir)).toSorted()).toEqual(["secret-key", "secret-key.old"]);
  const keyIn = async (name: string): Promise<Buffer> =>
    Buffer.from(await readFile(join(dataDir, name), "utf8"), "base64");
  expect(await keyIn("secret-key")).toEqual(next);
  expect(await keyIn("secret-key.old")).toEqual(old);
});
