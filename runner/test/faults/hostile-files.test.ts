/** Paths that lead out of their folder, zip bombs, and patterns that run forever. */
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, deflateSync, gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCli } from "../support/cli.ts";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { sendBytes } from "../support/wire.ts";

const WAIT = { prefer: "wait=30" };

/** On a hostile text, the pattern of every field except the last one runs forever. */
const PATTERN = {
  input: `z.object({
    endless: z.string().regex(/^(a+)+$/),
    thirty: z.string().regex(/^(a+){1,30}$/),
    optional: z.string().regex(/(a?){40}a{40}b/),
    adjacent: z.string().regex(/^${"a*".repeat(12)}b$/),
    email: z.email({ pattern: /^(a+)+$/ }),
    format: z.stringFormat("x", /^(a+)+$/),
    short: z.string().regex(/^[a-z]+$/),
  }).partial()`,
  run: "(input) => input",
};

let root: string;
let daemon: Daemon;
let key: string;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "playground-hostile-"));
  // systemd and containers create the folder before the first start. Others can then list it.
  await mkdir(join(root, "data"));
  await chmod(join(root, "data"), 0o755);
  daemon = await startDaemon({
    root,
    plugins: { echo: "(input) => input", pattern: PATTERN },
    env: { PLAYGROUND_THREADS: "1", PLAYGROUND_GRACE_MS: "200" },
  });
  key = (await readFile(join(daemon.dataDir, "secret-key"), "utf8")).trim();
});
afterAll(async () => {
  await daemon.close();
  await rm(root, { recursive: true, force: true });
});

// oxlint-disable-next-line typescript/no-explicit-any -- tests read any field of a response
const run = (plugin: string, input: unknown, more: object = {}): Promise<any> =>
  daemon.post("/v1/jobs", { plugins: [plugin], input, ...more }, WAIT);

// oxlint-disable-next-line typescript/no-explicit-any -- tests read any field of a response
const runWith = (name: string, input: unknown, options: object): Promise<any> =>
  daemon.post("/v1/jobs", { plugins: [{ name, options }], input }, WAIT);

describe("path traversal:", () => {
  test.each([
    "../data/token",
    "../../etc/passwd",
    "a/b",
    "..",
    ".",
    "echo.ts",
    "/etc/passwd",
    "echo\0",
  ])("no plugin has the name %j", async (name) => {
    const answer = await daemon.request("/v1/jobs", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ plugins: [name] }),
    });
    expect(await answer.json()).toMatchObject({ status: 404, code: "PLUGIN_NOT_FOUND" });
    const found = await daemon.request(`/v1/plugins/${encodeURIComponent(name)}`);
    expect([400, 404]).toContain(found.status);
  });

  test.each([
    "/v1/plugins/..%2f..%2fdata%2ftoken",
    "/v1/jobs/..%2f..%2fdata%2fsecret-key",
    "/docs/..%2f..%2fetc%2fpasswd",
    "/..%2f..%2fetc%2fpasswd",
    "/%2e%2e/%2e%2e/etc/passwd",
  ])("%s returns no file", async (path) => {
    const answer = await daemon.request(path);
    expect([400, 404]).toContain(answer.status);
    expect(await answer.text()).not.toContain(key);
  });

  const escapingPaths = (): string[] => [
    "../secret-key",
    "in/../../secret-key",
    "./../secret-key",
    join(daemon.dataDir, "secret-key"),
    "/etc/passwd",
    "/proc/self/environ",
    "link",
    "link-to-folder/secret-key",
  ];

  test("a job cannot read a file outside the files folder by any path or link", async () => {
    const files = join(daemon.dataDir, "files");
    // The first job that uses a file creates the folder.
    expect((await run("csv-profile", { file: "none" })).error).toContain("no such file");
    await symlink("../secret-key", join(files, "link"));
    await symlink("..", join(files, "link-to-folder"));
    for (const file of escapingPaths()) {
      const job = await run("csv-profile", { file });
      expect(job, file).toMatchObject({ status: "failed", errorCode: "PLUGIN_THREW" });
      expect(job.error).toContain("it leads out of the files folder");
      expect(JSON.stringify(job)).not.toContain(key);
    }
  });

  test("a job cannot write a file outside the files folder", async () => {
    const image = PIXEL.toString("base64");
    for (const outputFile of [
      "../token.png",
      "/tmp/playground-escaped.png",
      "link-to-folder/x.png",
    ]) {
      const job = await runWith("image-resize", { base64: image }, { outputFile });
      expect(job.error, outputFile).toContain("it leads out of the files folder");
    }
    expect(await readdir(daemon.dataDir)).not.toContain("token.png");
    expect(await readdir(daemon.dataDir)).not.toContain("x.png");
  });
});

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const [length, crc] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  crc.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, crc]);
}

/** A grey PNG whose header declares the width and height, with the given rows. */
function png(width: number, height: number, rows: Buffer): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 0, 0, 0, 0], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const parts = [
    chunk("IHDR", head),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", Buffer.alloc(0)),
  ];
  return Buffer.concat([signature, ...parts]);
}

const PIXEL = png(1, 1, Buffer.from([0, 255]));

describe("zip bombs:", () => {
  test("an image whose header declares 3,600,000,000 pixels is refused before it is decompressed", async () => {
    const job = await run("image-resize", {
      base64: png(60_000, 60_000, Buffer.alloc(64)).toString("base64"),
    });
    expect(job).toMatchObject({ status: "failed", errorCode: "PLUGIN_THREW" });
    expect(job.error).toContain("pixels");
  });

  test("a compressed CSV with one endless row is refused after 16 million characters", async () => {
    const packed = gzipSync(Buffer.alloc(256 * 1024 * 1024, "a").fill('"', 0, 1));
    expect(packed.length).toBeLessThan(1024 * 1024);
    await writeFile(join(daemon.dataDir, "files", "bomb.csv.gz"), packed);
    const job = await run("csv-profile", { file: "bomb.csv.gz" });
    expect(job).toMatchObject({ status: "failed", errorCode: "PLUGIN_THREW" });
    expect(job.error).toContain("line 1 has more than 16777216 characters");
  });
});

describe("patterns that run forever (ReDoS):", () => {
  test.each([
    ["<html ", 100_000],
    ["<body ", 100_000],
    ["<!doctype", 100_000],
    ["<html lang", 100_000],
    ["<title></title", 20_000],
    ["<meta ", 100_000],
  ])("%j, repeated %i times, is converted in time", async (piece, times) => {
    const job = await run("html-to-markdown", { html: `<p>text</p>${piece.repeat(times)}` });
    expect(job.status).toBe("completed");
  });

  test("100,000 nested elements are converted in time", async () => {
    const job = await run("html-to-markdown", { html: `${"<div>".repeat(100_000)}text` });
    expect(job).toMatchObject({ status: "completed", output: { markdown: "text" } });
  });

  test("a regular expression in a query ends with the job's timeout, and the next job runs", async () => {
    const expression = `$match("${"a".repeat(50)}b", /^(a+)+$/)`;
    const job = await run("json-query", { data: {}, expression }, { timeoutMs: 500 });
    expect(job).toMatchObject({ status: "failed", errorCode: "JOB_TIMEOUT" });
    expect(await run("echo", 1)).toMatchObject({ output: 1 });
  });

  describe("a plugin's own pattern", () => {
    test.each(["endless", "thirty", "optional", "adjacent", "email", "format"])(
      "does not block the daemon: %s",
      async (name) => {
        const input = { [name]: `${"a".repeat(60)}!` };
        const job = await run("pattern", input, { timeoutMs: 500 });
        expect(job).toMatchObject({ status: "failed", errorCode: "JOB_TIMEOUT" });
      },
    );

    test("still refuses input that does not match, in the thread", async () => {
      const job = await run("pattern", { short: "A" });
      expect(job).toMatchObject({ status: "failed", errorCode: "INPUT_INVALID" });
      expect(job.error).toContain("/short");
    });
  });

  test.each([
    ["authorization", `Bearer ${" ".repeat(14_000)}x y`, 401],
    ["host", `${"a".repeat(14_000)}!`, 421],
    ["prefer", ",wait = ".repeat(1_500), 200],
    ["prefer", `wait${" ".repeat(14_000)}`, 200],
    ["accept", "text/".repeat(2_500), 200],
    ["last-event-id", "9".repeat(14_000), 200],
  ])("a %s header of 14 KiB that is built for it gets a response", async (name, value, status) => {
    const headers = [`${name}: ${value}`, "Connection: close"];
    if (name !== "host") headers.push("Host: localhost");
    if (name !== "authorization") headers.push(`Authorization: Bearer ${daemon.token}`);
    const bytes = `GET /v1/jobs HTTP/1.1\r\n${headers.join("\r\n")}\r\n\r\n`;
    expect((await sendBytes(daemon.url, bytes)).slice(0, 12)).toBe(`HTTP/1.1 ${status}`);
  });
});

test("only the daemon's user can read the files in the data folder, even if others can list it", async () => {
  await run("echo", 1, { webhook: { url: "http://127.0.0.1:1/", retries: 0 } });
  await runCli(["tokens", "add", "x", "--scope", "read"], {
    env: { PLAYGROUND_DATA_DIR: daemon.dataDir },
  });
  const entries = await readdir(daemon.dataDir);
  expect(entries).toEqual(
    expect.arrayContaining([
      "playground.db",
      "playground.db-wal",
      "secret-key",
      "tokens.json",
      "files",
    ]),
  );
  const open = [];
  for (const entry of entries) {
    const { mode } = await stat(join(daemon.dataDir, entry));
    if ((mode & 0o077) !== 0) open.push(`${entry} ${(mode & 0o777).toString(8)}`);
  }
  expect(open).toEqual([]);
});
