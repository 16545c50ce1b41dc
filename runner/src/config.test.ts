import { constants } from "node:buffer";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { BadSetting, parseSettings } from "./config.ts";
import { MAX_BODY_LIMIT, MAX_JOB_OUTPUT_BYTES } from "./domain/limits.ts";

describe("EGRESS", () => {
  test("allows private networks when it is not set", () => {
    expect(parseSettings([], {}).egress).toEqual({ mode: "private" });
  });

  test.each([
    ["public", { mode: "public" }],
    ["private", { mode: "private" }],
    ["10.0.0.0/8, fd00::/8", { mode: "list", cidrs: ["10.0.0.0/8", "fd00::/8"] }],
  ])("accepts %j from the environment and as a flag", (text, policy) => {
    expect(parseSettings([], { PLAYGROUND_EGRESS: text }).egress).toEqual(policy);
    expect(parseSettings([`--egress=${text}`], {}).egress).toEqual(policy);
  });

  test("an invalid value is refused with the setting's name, the value and what it must be", () => {
    const parse = () => parseSettings([], { PLAYGROUND_EGRESS: "10.0.0.0" });
    expect(parse).toThrow(BadSetting);
    expect(parse).toThrow(/^PLAYGROUND_EGRESS is "10\.0\.0\.0": it must be "private" .*"public"/);
  });
});

describe("DATABASE_URL", () => {
  const parse = (url: string) => parseSettings([], { PLAYGROUND_DATABASE_URL: url });

  test("is not set by default", () => {
    expect(parseSettings([], {}).databaseUrl).toBeUndefined();
  });

  test.each([
    "hunter2 x",
    "hunter2@x",
    "hunter2:x",
    "hunter2%x",
    "[hunter2]",
    "hunter2%23%2F%3F%40",
  ])("can have the password %s", (password) => {
    const url = `postgres://me:${password}@db.test/x`;
    expect(parse(url).databaseUrl).toBe(url);
  });

  test("is the URL of a PostgreSQL, and its value is in no list of settings", () => {
    const url = "postgres://me:hunter2@db.test/playground?sslmode=require";
    const { databaseUrl, given } = parse(url);
    expect(databaseUrl).toBe(url);
    expect(JSON.stringify(given)).not.toContain("hunter2");
  });

  test.each([
    ["mysql://me:hunter2@db.test/x", "it must be a URL such as postgres://USER"],
    ["postgres://me:hunter2 !@db.test:x/y", "percent-encoded"],
    ["postgres://me:1/hunter2@db.test/x", "write `#`"],
    ["postgres://me:1?hunter2@db.test/x", "`?` as %3F"],
    ["postgres://me:1#hunter2@db.test/x", "`#` in a password or parameter as %23"],
    ["postgres://db.test/x?password=hunter2#y", "as %23"],
    ["postgres://db.test/x?password=hunter2@y", "`@` as %40"],
    ["postgres:host=db password=hunter2", "postgres://USER"],
    ["host=db password=hunter2", "postgres://USER"],
    ["postgres://me:hunter2@db.test/x?sslmode=prefer", 'and not "prefer"'],
    ["postgres://me:hunter2@db.test/x?sslmode=verify-ca", "must have sslrootcert"],
  ])("%s is refused without being shown", (url, why) => {
    expect(() => parse(url)).toThrow("PLAYGROUND_DATABASE_URL is (not shown): it must");
    expect(() => parse(url)).toThrow(why);
    expect(() => parse(url)).not.toThrow("hunter2");
  });
});

describe("PROXY", () => {
  test("is not set by default, and then loopback is reached without it", () => {
    const { proxy, noProxy } = parseSettings([], {});
    expect(proxy).toBeUndefined();
    expect(noProxy.map(({ host }) => host)).toEqual(["localhost", "127.0.0.0/8", "::1/128"]);
  });

  test("is not shown when it is invalid, because it can contain a password", () => {
    const parse = () => parseSettings([], { PLAYGROUND_PROXY: "ftp://user:hunter2@proxy" });
    expect(parse).toThrow(
      "PLAYGROUND_PROXY is (not shown): it must be an http or https URL without a path",
    );
  });

  test("has exceptions, and an invalid one is named", () => {
    const parse = () => parseSettings([], { PLAYGROUND_NO_PROXY: "n8n.corp,a b" });
    expect(parse).toThrow('PLAYGROUND_NO_PROXY is "n8n.corp,a b": it must be host names');
  });
});

test("a response with a job of the largest body fits into a string, however its numbers are written", () => {
  const highest = String(MAX_BODY_LIMIT);
  expect(parseSettings([], { PLAYGROUND_BODY_LIMIT: highest }).bodyLimit).toBe(MAX_BODY_LIMIT);
  const parse = () => parseSettings([], { PLAYGROUND_BODY_LIMIT: `${MAX_BODY_LIMIT + 1}` });
  expect(parse).toThrow(`it must be at most ${MAX_BODY_LIMIT}.`);

  const given = `[${Array.from({ length: 1000 }, () => "1e20").join(",")}]`;
  const growth = JSON.stringify(JSON.parse(given)).length / given.length;
  const input = MAX_BODY_LIMIT * growth;
  expect(input + 2 * MAX_JOB_OUTPUT_BYTES).toBeLessThan(constants.MAX_STRING_LENGTH);
});

describe("SECRET_KEY", () => {
  test("accepts 32 bytes in base64", () => {
    const key = Buffer.alloc(32, 1).toString("base64");
    expect(parseSettings([], { PLAYGROUND_SECRET_KEY: key }).secretKey).toBe(key);
  });

  test("is named but not shown when it is invalid", () => {
    const parse = () => parseSettings([], { PLAYGROUND_SECRET_KEY: "hunter2" });
    expect(parse).toThrow("PLAYGROUND_SECRET_KEY is (not shown): it must be 32 bytes in base64.");
  });
});

describe("a secret in a file", () => {
  const root = mkdtempSync(join(tmpdir(), "playground-config-"));
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  const key = Buffer.alloc(32, 1).toString("base64");
  const write = (name: string, content: string): string => {
    writeFileSync(join(root, name), content);
    return join(root, name);
  };

  test("is read from the file that a variable or a flag names", () => {
    const token = write("token", "a-token-of-my-own-1\n");
    expect(parseSettings([], { PLAYGROUND_TOKEN_FILE: token }).token).toBe("a-token-of-my-own-1");
    expect(parseSettings(["--token-file", token], {}).token).toBe("a-token-of-my-own-1");
    const env = { PLAYGROUND_SECRET_KEY_FILE: write("key", `${key}\n`) };
    expect(parseSettings([], env).secretKey).toBe(key);
  });

  test("is not shown when it is wrong", () => {
    const parse = () => parseSettings([], { PLAYGROUND_TOKEN_FILE: write("short", "hunter2\n") });
    expect(parse).toThrow(
      "The content of PLAYGROUND_TOKEN_FILE is (not shown): it must be at least 16 characters long",
    );
  });

  test.each([
    ["none", "must be a file that can be read (ENOENT)"],
    [".", "must be a file that can be read (EISDIR)"],
    ["empty", "must be a file with the secret, but the file is empty"],
    ["long", "must be a file with nothing but the secret"],
  ])("stops the start when the file is %s", (name, message) => {
    write("empty", "\n");
    write("long", "x".repeat(5_000));
    const parse = () => parseSettings([], { PLAYGROUND_SECRET_KEY_FILE: join(root, name) });
    expect(parse).toThrow(message);
  });

  test("cannot be given in two ways", () => {
    const env = { PLAYGROUND_TOKEN: "another-token-12345", PLAYGROUND_TOKEN_FILE: "/token" };
    expect(() => parseSettings([], env)).toThrow(
      'PLAYGROUND_TOKEN_FILE is "/token": it must be left out, because PLAYGROUND_TOKEN is set too.',
    );
  });
});

test("the settings that were given are listed with where they come from, secrets without their value", () => {
  const env = {
    PLAYGROUND_TOKEN: "a-secret-token-0123456789",
    PLAYGROUND_PROXY: "http://user:password@proxy.test:3128",
    PLAYGROUND_THREADS: "3",
    PLAYGROUND_PORT: "",
    HOME: "/home/somebody",
  };
  const { given } = parseSettings(["--threads", "4"], env);
  expect(given.map(({ name, value, from }) => [name, value, from])).toEqual([
    ["PLAYGROUND_TOKEN", null, "environment"],
    ["PLAYGROUND_THREADS", "4", "flag"],
    ["PLAYGROUND_PROXY", null, "environment"],
  ]);
  expect(given[1]?.description).toContain("threads");
});

test("a maximum size of the database stops the start with PostgreSQL, which does not tell it", () => {
  const env = { PLAYGROUND_RETENTION_MAX_BYTES: "2000000" };
  expect(parseSettings([], env).retentionMaxBytes).toBe(2_000_000);
  const url = "postgres://playground@db.test/playground";
  expect(() => parseSettings(["--database-url", url], env)).toThrow(
    'PLAYGROUND_RETENTION_MAX_BYTES is "2000000": it must be left out if PLAYGROUND_DATABASE_URL is set: PostgreSQL does not tell the size without deleted rows. PLAYGROUND_RETENTION_MAX_JOBS limits the number of jobs.',
  );
});

test("plugins get the environment without the daemon's own settings and the keys of a tracing service", () => {
  const ours = {
    PLAYGROUND_TOKEN: "a-secret-token-0123456789",
    OTEL_EXPORTER_OTLP_HEADERS: "api-key=secret",
    OTEL_EXPORTER_OTLP_TRACES_HEADERS: "api-key=secret",
  };
  const others = { HOME: "/home/somebody", OTEL_SERVICE_NAME: "jobs" };
  expect(parseSettings([], { ...ours, ...others }).env).toEqual(others);
});
