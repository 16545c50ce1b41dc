/** The packages as npm installs them: packed, installed into an empty folder, and used there. */
import { execFile, spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { dropPlugin, startDaemon } from "../support/daemon.ts";
import { until } from "../support/until.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
/** Installed, without the libraries that npm leaves out. docs/decisions/the-npm-package.md has the reasons. */
const BUDGET = { megabytes: 90, packages: 210 };

const exec = promisify(execFile);

let base: string;
/** The empty folder that the package was installed into. */
let project: string;
let files: readonly string[];

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), "playground-package-"));
  project = join(base, "project");
  await mkdir(project);
  await writeFile(join(project, "package.json"), `{ "private": true }`);
  const packed = await exec(process.execPath, [join(ROOT, "runner/scripts/pack.ts"), base]);
  const tarball = packed.stdout.trim();
  const listed = await exec("tar", ["-tzf", tarball]);
  files = listed.stdout.trim().split("\n");
  await run("npm", ["install", "--no-audit", "--no-fund", tarball]);
}, 300_000);
afterAll(() => rm(base, { recursive: true, force: true }));

/** Runs a command in the project, with the Node of the tests. Rejects if it fails. */
function run(command: string, args: readonly string[], cwd = project) {
  const PATH = [dirname(process.execPath), process.env["PATH"]].join(delimiter);
  return exec(command, args, { cwd, env: { ...process.env, PATH }, maxBuffer: 16 * 1024 * 1024 });
}

function npx(...args: string[]) {
  return run("npx", ["playground-runner", ...args]);
}

test("the package contains what runs and what its licence asks for, and nothing else", async () => {
  const unexpected = files.filter(
    (file) => !/^package\/(?:src\/.*\.(?:js|sql)|console\/dist\/.*)$/.test(file),
  );
  expect(unexpected.toSorted()).toEqual(
    [
      "LICENSE",
      "README.md",
      "THIRD-PARTY.md",
      "bin/playground-runner.mjs",
      "package.json",
      "src/domain/errors.d.ts",
      "src/domain/limit-rate.d.ts",
      "src/domain/plugin-limits.d.ts",
      "src/domain/step-retry.d.ts",
      "src/plugin-sdk.d.ts",
      "src/plugin-test.d.ts",
      "src/pool/retry-errors.d.ts",
    ].map((file) => `package/${file}`),
  );
  expect(files.filter((file) => file.includes(".test."))).toEqual([]);
  const thirdParty = await readFile(
    join(project, "node_modules/playground-runner/THIRD-PARTY.md"),
    "utf8",
  );
  expect(thirdParty).toMatch(/^\| fastify \| \S+ \| MIT \|$/m);
  expect(thirdParty).toContain("Apache License");
});

test("the installation stays within its budget", async () => {
  const { stdout } = await run("du", ["-sm", "node_modules"]);
  expect(Number.parseInt(stdout, 10)).toBeLessThanOrEqual(BUDGET.megabytes);
  const lock = await readFile(join(project, "node_modules/.package-lock.json"), "utf8");
  const { packages } = JSON.parse(lock) as { packages: object };
  expect(Object.keys(packages).length).toBeLessThanOrEqual(BUDGET.packages);
});

test("npx runs the command", async () => {
  const { version } = JSON.parse(await readFile(join(ROOT, "runner/package.json"), "utf8")) as {
    version: string;
  };
  expect((await npx("--version")).stdout).toBe(`${version}\n`);
  expect((await npx("run", "json-query")).stdout).toContain("42.5");
});

test("an older Node gets a sentence", async () => {
  const older = `data:text/javascript,Object.defineProperty(process.versions, "node", { value: "18.20.0" })`;
  const bin = join(project, "node_modules/playground-runner/bin/playground-runner.mjs");
  const failed = (await run(process.execPath, ["--import", older, bin]).catch(
    (error: unknown) => error,
  )) as { code: number; stderr: string };
  expect(failed.code).toBe(1);
  expect(failed.stderr).toMatch(
    /^playground-runner needs Node 24 or later, but this is Node 18\.20\.0 .*\n$/,
  );
});

test("a plugin whose library is not installed says what to install, and works when it is", async () => {
  const listed = await npx("plugins", "--json");
  const plugins = JSON.parse(listed.stdout) as { name: string; status: string; error?: string }[];
  const broken = plugins.filter(({ status }) => status === "broken");
  expect(broken.map(({ name }) => name)).toEqual(["image-resize", "pdf-to-text", "text-chunk"]);
  const [, command = ""] = /run `(npm install sharp@[\d.]+)`/.exec(broken[0]?.error ?? "") ?? [];
  expect(command).not.toBe("");
  const other = join(base, "with-sharp");
  await mkdir(other);
  await writeFile(join(other, "package.json"), `{ "private": true }`);
  const tarball = join(base, (await readdir(base)).find((name) => name.endsWith(".tgz")) ?? "");
  await run("npm", ["install", "--no-audit", "--no-fund", tarball], other);
  await run("npm", command.split(" ").slice(1), other);
  const { stdout } = await run("npx", ["playground-runner", "run", "image-resize"], other);
  expect(JSON.parse(stdout)).toMatchObject({ format: expect.any(String) });
}, 180_000);

test("a daemon of the package runs a built-in plugin and a user's plugin in TypeScript", async () => {
  const daemon = await startDaemon({
    root: project,
    entry: pathToFileURL(join(project, "node_modules/playground-runner/bin/playground-runner.mjs")),
  });
  onTestFinished(() => daemon.close());
  await dropPlugin(join(project, "plugins"), "typed", {
    input: "z.object({ n: z.number() })",
    run: "({ n }: { n: number }): number => n * 2",
  });
  await until("the plugin to be ready", async () => {
    const { items } = await daemon.get("/v1/plugins");
    return items.some((plugin: { name: string }) => plugin.name === "typed");
  });
  const job = await daemon.post(
    "/v1/jobs",
    {
      plugins: [{ name: "json-query", options: { expression: `{ "n": a }` } }, "typed"],
      input: { a: 21 },
    },
    { prefer: "wait=20" },
  );
  expect(job).toMatchObject({ status: "completed", output: 42 });
  expect(await daemon.end("SIGTERM")).toBe(0);
});

test("new writes a plugin whose test passes and whose types are right, from an empty folder", async () => {
  expect((await npx("new", "word-count")).stdout).toContain("npm test --prefix plugins/word-count");
  await run("npm", ["test", "--prefix", "plugins/word-count"]);
  await typeCheck("plugins/word-count");
  const { stdout } = await npx("run", "word-count");
  expect(JSON.parse(stdout)).toEqual({ words: 6, distinct: 4 });
});

test("the declarations type a plugin in a bare file, and find a mistake in it", async () => {
  const source = (body: string): string =>
    `import { definePlugin } from "playground-runner/plugin";
     import { z } from "zod";
     export default definePlugin({
       name: "bare",
       description: "Is checked.",
       input: z.object({ text: z.string() }),
       options: z.object({ size: z.int().default(3) }),
       run: ${body},
     });`;
  await mkdir(join(project, "bare"));
  await writeFile(
    join(project, "bare/tsconfig.json"),
    `{ "compilerOptions": { "module": "nodenext", "target": "es2024", "types": [], "strict": true, "noEmit": true } }`,
  );
  await writeFile(
    join(project, "bare/bare.ts"),
    source("({ text }, ctx) => { ctx.metrics.add('n', ctx.options.size); return text.length; }"),
  );
  await typeCheck("bare");
  await writeFile(join(project, "bare/bare.ts"), source("({ text }) => text.size"));
  await expect(typeCheck("bare")).rejects.toMatchObject({
    stdout: expect.stringContaining("Property 'size' does not exist on type 'string'") as string,
  });
});

/** With the compiler and Node's types of the project, because the package must not need its own. */
async function typeCheck(folder: string): Promise<void> {
  const types = ["--typeRoots", join(ROOT, "node_modules/@types")];
  await run(join(ROOT, "node_modules/.bin/tsc"), ["-p", join(project, folder), ...types]);
}

test("dev runs a plugin when it is saved", async () => {
  const root = join(base, "dev");
  await mkdir(root);
  const bin = join(project, "node_modules/playground-runner/bin/playground-runner.mjs");
  const child = spawn(process.execPath, [bin, "dev", "--port", "0"], { cwd: root });
  onTestFinished(() => void child.kill("SIGKILL"));
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => void (output += chunk.toString()));
  await until("the daemon to listen", () => /^Open http:\S+\. Save a file/m.test(output));
  const text = `export default { name: "saved", description: "x", example: { input: 4 }, run: (n, ctx) => { ctx.log.info("doubling"); return 2 * n; } };`;
  await writeFile(join(root, "plugins/saved.mjs"), text);
  await until("the plugin to run", () =>
    /^completed saved .*\n {4}info doubling\n {4}8$/m.test(output),
  );
  await writeFile(join(root, "plugins/saved.mjs"), text.replace("2 * n", "n.no.no"));
  await until("the plugin to fail", () => /^failed saved .*\n[\s\S]*PLUGIN_THREW: /m.test(output));
});

test("the package of the n8n nodes installs, and its nodes load", async () => {
  const nodes = join(ROOT, "n8n-nodes-playground");
  await run("npm", ["run", "build"], nodes);
  await run("npm", ["pack", "--silent", "--pack-destination", base], nodes);
  const tarball = (await readdir(base)).find((name) => name.startsWith("n8n-nodes-")) ?? "";
  const folder = join(base, "n8n");
  await mkdir(folder);
  await writeFile(join(folder, "package.json"), `{ "private": true }`);
  await run(
    "npm",
    ["install", "--no-audit", "--no-fund", "--omit=peer", "--ignore-scripts", join(base, tarball)],
    folder,
  );
  const installed = join(folder, "node_modules/n8n-nodes-playground");
  const { n8n } = JSON.parse(await readFile(join(installed, "package.json"), "utf8")) as {
    n8n: { nodes: string[]; credentials: string[] };
  };
  // n8n provides n8n-workflow.
  const env = { ...process.env, NODE_PATH: join(nodes, "node_modules") };
  for (const file of [...n8n.nodes, ...n8n.credentials]) {
    const load = `const [Type] = Object.values(require(${JSON.stringify(join(installed, file))})); console.log(new Type().description?.name ?? new Type().name);`;
    const { stdout } = await exec(process.execPath, ["--eval", load], { env });
    expect(stdout).toMatch(/^(?:runJob|playground\w*)\n$/);
  }
}, 180_000);
