import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createPluginSecrets } from "./plugin-secrets.ts";
import { secretNameOf, secretSources } from "./secret-variables.ts";

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "playground-secrets-"))));
afterAll(() => rm(folder, { recursive: true }));

const secretsOf = (env: Record<string, string>) => createPluginSecrets(secretSources(env));

test("a value comes from its variable, and before a file", async () => {
  const secrets = secretsOf({
    PLAYGROUND_SECRET_API_KEY: "value",
    PLAYGROUND_SECRET_API_KEY_FILE: "/nowhere",
    PLAYGROUND_SECRET_EMPTY: "",
    PLAYGROUND_SECRET_KEY: "the key of the daemon",
  });
  expect(secrets.filesOf(["API_KEY", "EMPTY"])).toEqual([]);
  expect(secrets.find(["API_KEY"])).toEqual({ values: { API_KEY: "value" } });
  expect(secrets.find([])).toEqual({ values: {} });
  for (const name of ["EMPTY", "KEY"]) {
    expect(secrets.find(["API_KEY", name])).toEqual({
      error: `The secret ${name} is missing: set PLAYGROUND_SECRET_${name}, or set PLAYGROUND_SECRET_${name}_FILE to the path of a file that contains it.`,
    });
  }
});

test("a file is read at each load, without the line break at its end", async () => {
  const file = join(folder, "key");
  const secrets = secretsOf({ PLAYGROUND_SECRET_PEM_FILE: file });
  const load = async (content: string) => {
    await writeFile(file, content);
    await secrets.load(["PEM"]);
    return secrets.find(["PEM"]);
  };
  expect(secrets.filesOf(["PEM", "OTHER"])).toEqual([file]);
  expect(secrets.find(["PEM"])).toHaveProperty("error");
  expect(await load("two\nlines\r\n")).toEqual({ values: { PEM: "two\nlines" } });
  expect(await load("new")).toEqual({ values: { PEM: "new" } });
  const why = `The secret PEM cannot be read from "${file}", which PLAYGROUND_SECRET_PEM_FILE names:`;
  expect(await load("\n")).toEqual({ error: `${why} the file is empty.` });
  expect(await load("x".repeat(70_000))).toEqual({
    error: `${why} the file has 70000 bytes, and the limit is 65536.`,
  });
  await rm(file);
  await secrets.load(["PEM"]);
  expect(secrets.find(["PEM"])).toEqual({ error: `${why} ENOENT.` });
});

test.each([
  ["PLAYGROUND_SECRET_API_KEY", "API_KEY"],
  ["PLAYGROUND_SECRET_API_KEY_FILE", "API_KEY"],
  ["PLAYGROUND_SECRET_KEY", null],
  ["PLAYGROUND_SECRET_KEY_FILE", null],
  ["PLAYGROUND_SECRET_", null],
  ["PLAYGROUND_SECRET_api", null],
  ["PLAYGROUND_SECRETS_A", null],
  ["OTHER_SECRET_A", null],
])("%s holds the secret %s", (variable, name) => {
  expect(secretNameOf(variable)).toBe(name);
});
