import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readClientSettings } from "../../config.ts";
import { createAddressFile, readAddress } from "../../startup/address-file.ts";
import { findDaemon } from "./find-daemon.ts";

const URL_HERE = "http://127.0.0.1:9001";
const OWN_TOKEN = "the-token-of-the-folder";

let dataDir: string;
beforeEach(async () => void (dataDir = await mkdtemp(join(tmpdir(), "playground-client-"))));
afterEach(() => rm(dataDir, { recursive: true, force: true }));

function noError(error: unknown): void {
  throw error;
}

function find(flags: Record<string, string>, env: Record<string, string> = {}) {
  return findDaemon(readClientSettings({ "data-dir": dataDir, ...flags }, env));
}

async function fillFolder(url = URL_HERE): Promise<void> {
  await createAddressFile(dataDir, noError).write(url);
  await writeFile(join(dataDir, "token"), `${OWN_TOKEN}\n`);
}

test("the data folder of a running daemon has the URL and the token", async () => {
  await fillFolder();
  expect(await find({})).toMatchObject({ url: URL_HERE, token: OWN_TOKEN });
});

test("a flag is used before the environment, and both before the data folder", async () => {
  await fillFolder();
  const file = join(dataDir, "other");
  await writeFile(file, "a-token-from-a-file-1");
  const env = {
    PLAYGROUND_URL: "https://jobs.example.com/sub/",
    PLAYGROUND_TOKEN: "a-token-from-env-1",
  };
  expect(await find({}, env)).toMatchObject({
    url: "https://jobs.example.com/sub",
    token: "a-token-from-env-1",
    tokenSource: "PLAYGROUND_TOKEN",
  });
  const flags = { url: "http://10.0.0.7:8787", "token-file": file };
  expect(await find(flags, env)).toMatchObject({
    url: "http://10.0.0.7:8787",
    token: "a-token-from-a-file-1",
    tokenSource: file,
  });
});

test("the folder's token is sent to the folder's daemon only", async () => {
  await fillFolder();
  expect(await find({ url: `${URL_HERE}/` })).toMatchObject({ token: OWN_TOKEN });
  await expect(find({ url: "http://127.0.0.1:9002" })).rejects.toMatchObject({
    exitCode: 2,
    message: expect.stringContaining("There is no token for http://127.0.0.1:9002") as string,
  });
});

test("a folder without a running daemon is named, with what to do", async () => {
  await fillFolder();
  await createAddressFile(dataDir, noError).remove();
  await expect(find({})).rejects.toMatchObject({
    exitCode: 3,
    message: expect.stringMatching(
      `^No daemon is running with the data folder ${dataDir}\\. Start one`,
    ) as string,
  });
});

test.each([
  ["http://0.0.0.0:9001", "http://127.0.0.1:9001"],
  ["http://[::]:9001", "http://[::1]:9001"],
  ["http://192.168.1.7:9001", "http://192.168.1.7:9001"],
  ["http://[fe80::1]:9001", "http://[fe80::1]:9001"],
  ["http://jobs.lan:9001", "http://jobs.lan:9001"],
])("a daemon that listens on %s is reached at %s", async (listensOn, reached) => {
  await createAddressFile(dataDir, noError).write(listensOn);
  expect(await readAddress(dataDir)).toBe(reached);
});
