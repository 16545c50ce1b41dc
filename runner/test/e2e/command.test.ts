/** The command and its subcommands. process.test.ts tests the one that starts the daemon. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runCli } from "../support/cli.ts";
import { dropPlugin } from "../support/daemon.ts";

let root: string;
beforeEach(async () => void (root = await mkdtemp(join(tmpdir(), "playground-command-"))));
afterEach(() => rm(root, { recursive: true, force: true }));

describe("the command", () => {
  test.each([
    [["--help"], ["plugins", "tokens", "openapi"]],
    [
      ["start", "-h"],
      ["--port, PLAYGROUND_PORT (8787)", "PLAYGROUND_DATA_DIR"],
    ],
    [
      ["help", "tokens"],
      ["tokens add NAME --scope read|run|admin", "tokens remove"],
    ],
    [
      ["run", "x", "--help"],
      ["Usage: playground-runner run PLUGIN", "--input FILE", "Examples:"],
    ],
  ])("%j shows help", async (args, parts) => {
    const { code, stdout, stderr } = await runCli(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    for (const part of parts) expect(stdout).toContain(part);
  });

  test("--version shows the package's version", async () => {
    const manifest = await readFile(new URL("../../package.json", import.meta.url), "utf8");
    const { version } = JSON.parse(manifest) as { version: string };
    expect(await runCli(["--version"])).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
  });

  test.each([
    [["dance"], 'The command is "dance": it must be one of start, '],
    [["pluginz"], 'Did you mean "plugins"?'],
    [["--prot", "1"], "Unknown option '--prot'. Did you mean --port?"],
    [["run"], "run needs a plugin's name: playground-runner run PLUGIN"],
    [["run", "one", "two"], 'Unexpected argument "two" after "one".'],
    [["run", "json-query", "--input"], "'--input <value>' argument missing"],
    [["plugins", "json-query"], 'Unexpected argument "json-query".'],
    [["check", "--force"], "Unknown option '--force'."],
    [["run", "no-such-plugin"], 'PLUGIN is "no-such-plugin": it must be one of '],
    [["run", "jsonquery"], 'Did you mean "json-query"?'],
    [["run", "json-query", "--input", "no-such-file"], '--input is "no-such-file": '],
  ])("%j is refused in one line", async (args, message) => {
    const { code, stdout, stderr } = await runCli(args, { cwd: root });
    expect(stderr).toContain(message);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });

  test.each([
    [["8790"], "npm start -- --port 8790"],
    [["--prot", "1"], "`npm start -- start --help` lists the flags"],
    [["run"], "npm start -- run PLUGIN"],
  ])("%j by npm start is refused with what to type there", async (args, message) => {
    const env = { npm_lifecycle_event: "start" };
    expect((await runCli(args, { cwd: root, env })).stderr).toContain(message);
  });

  test("a secret on the command line gives a warning, and one in a file does not", async () => {
    const token = "a-token-of-my-own-1";
    const key = Buffer.alloc(32, 1).toString("base64");
    const seen = await runCli(["plugins", "--token", token, `--secret-key=${key}`], { cwd: root });
    expect(seen.code).toBe(0);
    expect(seen.stderr).toMatch(
      /^Warning: --token is deprecated, .*--token-file.*\nWarning: --secret-key is deprecated, .*\n$/,
    );
    await writeFile(join(root, "token"), `${token}\n`);
    const env = { PLAYGROUND_SECRET_KEY: key };
    const unseen = await runCli(["plugins", "--token-file", "token"], { cwd: root, env });
    expect({ code: unseen.code, stderr: unseen.stderr }).toEqual({ code: 0, stderr: "" });
  });

  test("new writes a plugin that is ready, and refuses a name that cannot be used", async () => {
    const made = await runCli(["new", "my-words"], { cwd: root });
    expect(made).toMatchObject({ code: 0, stderr: "" });
    expect(made.stdout).toContain("  npm install --prefix plugins/my-words\n");
    const ran = await runCli(["run", "my-words"], { cwd: root });
    expect(JSON.parse(ran.stdout)).toEqual({ words: 6, distinct: 4 });
    for (const [name, message] of [
      ["my-words", "exists. Choose another name."],
      ["My Words", 'is "My Words": it must be 1 to 64 lower-case letters, digits and dashes'],
      ["json-query", "it must not be the name of a built-in plugin"],
    ] as const) {
      const { code, stderr } = await runCli(["new", name], { cwd: root });
      expect(stderr).toContain(message);
      expect(code).toBe(2);
    }
  });

  test("plugins lists the built-in plugins and those in the plugins folder, and fails for a broken one", async () => {
    const pluginsDir = join(root, "plugins");
    await dropPlugin(pluginsDir, "my-own", "() => null");
    const good = await runCli(["plugins"], { cwd: root });
    expect(good.code).toBe(0);
    expect(good.stdout).toMatch(/^json-query +\S+ +built-in +\S/m);
    expect(good.stdout).toMatch(/^my-own +\S+ +my-own\.ts +For a test\.$/m);
    expect(good.stderr).toBe("");
    await writeFile(join(pluginsDir, "broken.ts"), "export default {");
    const bad = await runCli(["plugins", "--json"], { cwd: root });
    expect(bad.code).toBe(1);
    const broken = (JSON.parse(bad.stdout) as { name: string; status: string }[]).find(
      ({ status }) => status === "broken",
    );
    expect(broken).toBeDefined();
  });

  test("plugins shows which field of a plugin is wrong, and what its author should fix", async () => {
    const pluginsDir = join(root, "plugins");
    await mkdir(pluginsDir);
    await writeFile(
      join(pluginsDir, "old.mjs"),
      `import { z } from "zod/v3";
       export default { name: "old", description: "Is old.", input: z.object({}), run: () => 1 };`,
    );
    await writeFile(
      join(pluginsDir, "nameless.mjs"),
      `export default { description: "Has no name.", inputs: {}, run: () => 1 };`,
    );
    const { code, stdout, stderr } = await runCli(["plugins"], { cwd: root });
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^nameless +broken +nameless\.mjs +name is missing: .*; unknown field "inputs": did you mean "input"\?$/m,
    );
    expect(stderr).toMatch(/^Warning: plugin "old" \(old\.mjs\): input is a zod 3 schema, .*\.\n$/);
    const ran = await runCli(["run", "old", "--input", "-"], { cwd: root, stdin: "{}" });
    expect([ran.code, ran.stdout]).toEqual([0, "1\n"]);
    expect(ran.stderr).toContain("input is a zod 3 schema");
  });

  test("run runs a plugin on a file, with only the result on stdout", async () => {
    const pluginsDir = join(root, "plugins");
    await dropPlugin(
      pluginsDir,
      "double",
      `async (input, ctx) => {
        ctx.log.info("doubling");
        ctx.progress(0.5, "half");
        await sleep(300);
        return input * 2;
      }`,
    );
    await writeFile(join(root, "input.json"), "21");
    const { code, stdout, stderr } = await runCli(["run", "double", "--input", "input.json"], {
      cwd: root,
    });
    expect({ code, stdout }).toEqual({ code: 0, stdout: "42\n" });
    expect(stderr).toContain("info doubling");
    expect(stderr).toContain("progress 50 % half");
    const piped = await runCli(["run", "--input=-", "double"], { cwd: root, stdin: "4" });
    expect(piped.stdout).toBe("8\n");
    expect(await readdir(root)).toEqual(["input.json", "plugins"]);
  });

  test("run reads and prints numbers as they are written, and shows what the plugin rounds", async () => {
    const big = '{"id":8202522731445525542,"ratio":1e400}';
    await dropPlugin(
      join(root, "plugins"),
      "next",
      "({ id }) => [BigInt(id), id, 8202522731445525543n]",
    );
    const plain = await runCli(["run", "next", "--input", "-"], { cwd: root, stdin: big });
    expect(JSON.parse(plain.stdout.replaceAll(/\d+/g, '"$&"'))).toEqual([
      "8202522731445525504",
      "8202522731445526000",
      "8202522731445525543",
    ]);
    expect(plain.stderr).toContain("warn /input/id is 8202522731445525542, and the plugin gets");
    await writeFile(
      join(root, "plugins", "exact.mjs"),
      `export default { name: "exact", description: "Is exact.", exactIntegers: true, run: ({ id }) => ({ id }) };`,
    );
    const exact = await runCli(["run", "exact", "--input", "-"], { cwd: root, stdin: big });
    expect(exact.stdout).toBe('{\n  "id": 8202522731445525542\n}\n');
    expect(exact.stderr).not.toContain("warn");
    const bad = await runCli(["run", "exact", "--input", "-"], { cwd: root, stdin: "{}}" });
    expect(bad).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("at position 2") as string,
    });
  });

  test("run prints an error with its causes", async () => {
    const cause = `() => { throw new Error("cannot save", { cause: new Error("disk full") }); }`;
    await dropPlugin(join(root, "plugins"), "fails-twice", cause);
    const { code, stderr } = await runCli(["run", "fails-twice"], { cwd: root });
    expect(code).toBe(1);
    expect(stderr).toContain("PLUGIN_THREW: cannot save: disk full\n");
  });

  test("run fails with the plugin's own message", async () => {
    await dropPlugin(join(root, "plugins"), "fails", `() => { throw new Error("No luck"); }`);
    const { code, stdout, stderr } = await runCli(["run", "fails"], { cwd: root });
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("PLUGIN_THREW: No luck");
  });

  test("run with an input that does not fit names the field", async () => {
    const { code, stderr } = await runCli(["run", "text-chunk", "--input", "-"], {
      cwd: root,
      stdin: "7",
    });
    expect(code).toBe(2);
    expect(stderr).toContain("--input does not fit the plugin's schema:");
  });

  test("run with --input takes no options from the plugin's example", async () => {
    const { code, stdout } = await runCli(["run", "csv-profile", "--input", "-"], {
      cwd: root,
      stdin: JSON.stringify({ text: "a;b\n1;2\n3;4\n" }),
    });
    expect({ code, output: JSON.parse(stdout) }).toMatchObject({
      code: 0,
      output: { delimiter: ";", rows: 2 },
    });
  });

  test("run without --input, for a plugin that needs an input and has no example, asks for it", async () => {
    const strict = { input: "z.string()", run: "(text) => text" };
    await dropPlugin(join(root, "plugins"), "strict", strict);
    const { code, stdout, stderr } = await runCli(["run", "strict"], { cwd: root });
    expect(stderr).toBe('--input is required: plugin "strict" has no example.\n');
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  });

  test("openapi prints the document as JSON", async () => {
    const { code, stdout } = await runCli(["openapi"]);
    expect(code).toBe(0);
    const document = JSON.parse(stdout) as { openapi: string; paths: object };
    expect(document.openapi).toMatch(/^3\.1/);
    expect(Object.keys(document.paths)).toContain("/v1/jobs");
  });
});
