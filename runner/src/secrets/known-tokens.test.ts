import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { KnownTokens } from "../ports/known-tokens.ts";
import type { Scope } from "../domain/scope.ts";
import { createKnownTokens } from "./known-tokens.ts";
import {
  changeTokens,
  createTokenFile,
  digestOf,
  readTokens,
  tokenFilePath,
} from "./token-file.ts";
import { watchTokenFile } from "./watched-token-file.ts";

let dataDir: string;
let path: string;
let errors: unknown[];

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "playground-tokens-"));
  path = tokenFilePath(dataDir);
  errors = [];
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

const open = (): KnownTokens =>
  createKnownTokens({
    ownToken: "own",
    added: watchTokenFile({ dataDir, onError: (error) => errors.push(error) }),
  });

async function add(name: string, scope: Scope, token: string): Promise<void> {
  const sha256 = digestOf(token).toString("hex");
  const createdAt = "2026-11-23T09:30:00Z";
  await changeTokens(path, (known) => [...known, { name, scope, sha256, createdAt }]);
}

test("the daemon's own token has every permission and works without a token file", () => {
  const tokens = open();
  expect(tokens.find("own")).toEqual({ name: null, scope: "admin" });
  for (const other of ["", "ow", "ownn", "OWN"]) expect(tokens.find(other)).toBeNull();
});

test("a token works as soon as it is added and is refused as soon as it is removed", async () => {
  const tokens = open();
  expect(tokens.find("a")).toBeNull();
  await add("one", "read", "a");
  await add("two", "run", "b");
  expect(tokens.find("a")).toMatchObject({ name: "one", scope: "read" });
  expect(tokens.find("b")).toMatchObject({ name: "two", scope: "run" });
  await changeTokens(path, (known) => known.filter(({ name }) => name !== "one"));
  expect(tokens.find("a")).toBeNull();
  expect(tokens.find("b")).toMatchObject({ name: "two" });
  await rm(path);
  expect(tokens.find("b")).toBeNull();
});

test("only its owner can read the file, and it contains no token", async () => {
  await add("one", "read", "the-secret");
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readFile(path, "utf8")).not.toContain("the-secret");
});

test.each(["", "no JSON", "[\n oops]", '{"tokens":[{"name":"x","scope":"god"}]}'])(
  "with a file that contains %j only the own token works, and the error is reported once",
  async (text) => {
    await add("one", "read", "a");
    const tokens = open();
    await writeFile(path, text);
    expect([tokens.find("a"), tokens.find("a")]).toEqual([null, null]);
    expect(errors).toHaveLength(1);
    expect(tokens.find("own")).not.toBeNull();
    expect(open).toThrow(/^\S+tokens\.json cannot be read: [^\n]+\. Correct the file, /);
  },
);

test("a change that has nothing to change leaves the file as it is, or creates none", async () => {
  const file = createTokenFile(dataDir);
  expect(await file.remove("nobody")).toBe(false);
  await expect(stat(path)).rejects.toThrow("ENOENT");
  await add("one", "read", "a");
  const before = await stat(path);
  expect(await file.add(readTokens(path)[0]!)).toBe(false);
  expect((await stat(path)).ino).toBe(before.ino);
  await add("two", "read", "b");
});

test("a change is refused while another one is in progress, and a failed change leaves the file unchanged", async () => {
  await add("one", "read", "a");
  await writeFile(`${path}.new`, "");
  await expect(add("two", "read", "b")).rejects.toThrow("tokens.json.new");
  await rm(`${path}.new`);
  const failing = changeTokens(path, () => {
    throw new Error("No.");
  });
  await expect(failing).rejects.toThrow("No.");
  await add("two", "read", "b");
  expect(readTokens(path).map(({ name }) => name)).toEqual(["one", "two"]);
});
