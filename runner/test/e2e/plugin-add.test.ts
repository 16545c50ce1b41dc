/** Plugins from npm packages, packed here and installed by npm. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { runCli } from "../support/cli.ts";
import { startDaemon } from "../support/daemon.ts";
import { until } from "../support/until.ts";

let root: string;
beforeEach(async () => void (root = await mkdtemp(join(tmpdir(), "playground-plugin-add-"))));
afterEach(() => rm(root, { recursive: true, force: true }));

/** Packs a package whose install script would leave a file, and returns the path of the package. */
async function pack(version: string, source: string): Promise<string> {
  const folder = join(root, `shout-${version}`);
  await mkdir(folder);
  const postinstall = `node -e "fs.writeFileSync('${join(root, "script-ran")}', '')"`;
  const manifest = { name: "shout-plugin", version, main: "main.cjs", scripts: { postinstall } };
  await writeFile(join(folder, "package.json"), JSON.stringify(manifest));
  await writeFile(join(folder, "main.cjs"), source);
  const packed = await promisify(execFile)("npm", ["pack", "--silent"], { cwd: folder });
  return join(folder, packed.stdout.trim());
}

const plugin = (body: string): string =>
  `const { definePlugin } = require("playground-runner/plugin");
   module.exports = definePlugin({ name: "shout", description: "Shouts.", run: (text) => ${body} });`;

const pluginsIn = (folder: string): Promise<string[]> => readdir(join(folder, "plugins"));

test("a package is installed, replaced by another version, rolled back and removed, while the daemon runs", async () => {
  const daemon = await startDaemon({ root });
  onTestFinished(() => daemon.close());
  const add = async (path: string) => {
    const { code, stdout, stderr } = await runCli(["plugin", "add", path], { cwd: root });
    expect(code, stderr).toBe(0);
    return stdout;
  };
  const ready = (version: string) =>
    until(`version ${version}`, async () => {
      const response = await daemon.request("/v1/plugins/shout");
      return response.ok && ((await response.json()) as { version: string }).version === version;
    });
  const shout = async () => {
    const job = { plugins: ["shout"], input: "hello" };
    return (await daemon.post("/v1/jobs", job, { prefer: "wait=20" })).output as unknown;
  };
  const first = await pack("1.0.0", plugin("text.toUpperCase()"));
  const second = await pack("2.0.0", plugin("`${text.toUpperCase()}!`"));
  expect(await add(first)).toContain("Added plugin shout, shout-plugin 1.0.0, in plugins/shout");
  await ready("1.0.0");
  expect(await shout()).toBe("HELLO");
  const lock = await readFile(join(root, "plugins/shout/package-lock.json"), "utf8");
  expect(lock).toContain('"integrity": "sha512-');
  await add(second);
  await ready("2.0.0");
  expect(await shout()).toBe("HELLO!");
  await add(first);
  await ready("1.0.0");
  expect((await runCli(["plugin", "remove", "shout"], { cwd: root })).code).toBe(0);
  await until("the plugin to be gone", async () => {
    return (await daemon.request("/v1/plugins/shout")).status === 404;
  });
  expect(await pluginsIn(root)).toEqual([]);
  expect(await readdir(root)).not.toContain("script-ran");
});

test("a package that is not a plugin, or whose name is taken, changes nothing", async () => {
  const notOne = await pack("1.0.0", "module.exports = 7;");
  const refused = await runCli(["plugin", "add", notOne], { cwd: root });
  expect(refused).toMatchObject({ code: 1, stdout: "" });
  expect(refused.stderr).toContain("The package is not a plugin: ");
  expect(await pluginsIn(root)).toEqual([]);
  await runCli(["new", "shout"], { cwd: root });
  const other = await pack("2.0.0", plugin("text"));
  const taken = await runCli(["plugin", "add", other], { cwd: root });
  expect(taken.code).toBe(1);
  expect(taken.stderr).toContain("does not come from the package shout-plugin");
  expect(await pluginsIn(root)).toEqual(["shout"]);
  const kept = await runCli(["plugin", "remove", "shout"], { cwd: root });
  expect(kept.code).toBe(2);
  expect(kept.stderr).toContain("delete it yourself");
  const missing = await runCli(["plugin", "add", join(root, "no-such.tgz")], { cwd: root });
  expect(missing.code).toBe(1);
  expect(missing.stderr).toContain("npm could not install it.");
});
