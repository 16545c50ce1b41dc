import { afterEach, beforeEach, expect, test } from "vitest";
import { answerError, startS3, type S3Server } from "../../test/support/s3-server.ts";
import { BadSetting, readSettings, type Settings } from "../config.ts";
import { openContents } from "./open-contents.ts";

let server: S3Server;
beforeEach(async () => void (server = await startS3()));
afterEach(() => server.close());

const settingsOf = (more: Record<string, string> = {}): Settings =>
  readSettings({}, { ...server.env, ...more });

function createStore() {
  const meta = new Map<string, string>();
  return {
    meta: async (key: string) => meta.get(key) ?? null,
    async addMeta(key: string, value: string) {
      if (!meta.has(key)) meta.set(key, value);
      return meta.get(key)!;
    },
  };
}

/** Why the daemon does not start, or what it says when it does. */
async function start(settings: Settings, store = createStore()): Promise<string[]> {
  const said: string[] = [];
  const say = (line: string): void => void said.push(line);
  const opened = await openContents(settings, { say, store: () => store });
  try {
    await opened.own();
  } finally {
    await opened.close();
  }
  return said;
}

test("without a bucket nothing is asked, and nothing is shared", async () => {
  const opened = await openContents(readSettings({}, {}), {
    say: () => {},
    store: createStore,
  });
  expect(opened.contents.shared).toBeNull();
  await opened.close();
});

test("a bucket that lets the daemon in is opened without a word", async () => {
  expect(await start(settingsOf())).toEqual([]);
});

test.each([
  [
    403,
    "RequestTimeTooSkewed",
    /^PLAYGROUND_FILES_S3_URL is .*: the clock of this machine must be/,
  ],
  [
    403,
    "AccessDenied",
    /^PLAYGROUND_FILES_S3_ACCESS_KEY_ID is "S3RVER": it must be a key that is allowed/,
  ],
  [
    400,
    "AuthorizationHeaderMalformed",
    /^PLAYGROUND_FILES_S3_REGION is "us-east-1": it must be the region/,
  ],
  [301, "PermanentRedirect", /^PLAYGROUND_FILES_S3_REGION is /],
  [404, "NoSuchBucket", /^PLAYGROUND_FILES_S3_URL is .*: it must name a bucket that exists/],
  [
    405,
    "MethodNotAllowed",
    /^PLAYGROUND_FILES_S3_URL is .*: it must be a bucket of an S3-compatible/,
  ],
])("status %i with %s stops the start and names the setting", async (status, code, message) => {
  server.answer = answerError(status, code);
  await expect(start(settingsOf())).rejects.toThrow(message);
});

test("a wrong key and a wrong secret stop the start, and the secret is not shown", async () => {
  const wrongKey = settingsOf({ PLAYGROUND_FILES_S3_ACCESS_KEY_ID: "nobody" });
  await expect(start(wrongKey)).rejects.toThrow('PLAYGROUND_FILES_S3_ACCESS_KEY_ID is "nobody"');
  const secret = "not-the-secret";
  const wrongSecret = settingsOf({ PLAYGROUND_FILES_S3_SECRET_ACCESS_KEY: secret });
  const error = await start(wrongSecret).catch((refused: unknown) => refused as Error);
  expect(String(error)).toContain("PLAYGROUND_FILES_S3_SECRET_ACCESS_KEY is (not shown)");
  expect(String(error)).not.toContain(secret);
});

test("daemons of one database share a prefix, and one of another database does not start", async () => {
  const store = createStore();
  expect(await start(settingsOf(), store)).toEqual([]);
  expect(await start(settingsOf(), store)).toEqual([]);
  await expect(start(settingsOf())).rejects.toThrow(
    /^PLAYGROUND_FILES_S3_URL is .*"playground\/".*"playground\/owner".* Give another prefix\. .* delete that object\.$/,
  );
  const elsewhere = { PLAYGROUND_FILES_S3_URL: `${server.url}/other` };
  expect(await start(settingsOf(elsewhere))).toEqual([]);
  await server.remove("playground/owner");
  expect(await start(settingsOf())).toEqual([]);
});

test("a bucket that cannot be reached now is a warning", async () => {
  const settings = settingsOf();
  await server.close();
  expect(await start(settings)).toEqual([
    expect.stringMatching(/^Warning: .*ECONNREFUSED.*PLAYGROUND_FILES_S3_URL/),
  ]);
  server = await startS3();
});

test.each([
  [{ PLAYGROUND_FILES_S3_URL: "s3://files" }, "PLAYGROUND_FILES_S3_URL"],
  [{ PLAYGROUND_FILES_S3_URL: "https://s3.example.com" }, "with the bucket in its path"],
  [{ PLAYGROUND_FILES_S3_URL: "https://key:secret@s3.example.com/b" }, "without a key"],
  [{ PLAYGROUND_FILES_S3_URL: "https://s3.example.com/b/a%20b" }, "only letters"],
  [
    { PLAYGROUND_FILES_S3_SECRET_ACCESS_KEY: "" },
    "PLAYGROUND_FILES_S3_SECRET_ACCESS_KEY is not set",
  ],
  [{ PLAYGROUND_FILES_S3_URL: "" }, "PLAYGROUND_FILES_S3_URL set too"],
  [{ PLAYGROUND_FILE_LIMIT: String(6 * 1024 ** 3) }, "PLAYGROUND_FILE_LIMIT"],
])("settings that do not fit are refused: %o", (more, message) => {
  expect(() => settingsOf(more)).toThrow(BadSetting);
  expect(() => settingsOf(more)).toThrow(message);
});

test("plugins do not see the settings of the bucket", () => {
  expect(Object.keys(settingsOf({ PATH: "/bin" }).env)).toEqual(["PATH"]);
});
