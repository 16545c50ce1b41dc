/** The documents are true: their examples run, and their links and paths exist. */
import { glob, readFile } from "node:fs/promises";
import { dirname, join, matchesGlob, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { examplesOf, openDocSession } from "../support/doc-session.ts";
import { anchorsOf, fencesOf, inlinePathsOf, linksOf, treePathsOf } from "../support/markdown.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const IGNORED_FOLDERS = new Set(["node_modules", "data", "dist", ".cache", ".git"]);

async function list(pattern: string): Promise<string[]> {
  const exclude = (name: string): boolean =>
    name.split("/").some((part) => IGNORED_FOLDERS.has(part));
  const paths: string[] = [];
  for await (const path of glob(pattern, { cwd: ROOT, exclude })) paths.push(path);
  return paths.toSorted();
}

const DOCUMENTS = new Map<string, string>();
for (const path of await list("**/*.md")) {
  DOCUMENTS.set(path, await readFile(join(ROOT, path), "utf8"));
}

/** `cd` into a folder other than the clone, and `npm install` that looks for a project above. */
const STRAYS = /^.*(?:\bcd (?!playground$|\/)|npm install (?!--prefix )).*$/gm;

const RUN = [...DOCUMENTS].filter(([, text]) =>
  examplesOf(text).some(({ fence }) => fence.language === "bash"),
);

test("the README and the tutorial have examples that run", () => {
  const paths = RUN.map(([path]) => path);
  expect(paths).toContain("README.md");
  expect(paths).toContain("docs/tutorial/first-job.md");
});

const IGNORED = (await readFile(join(ROOT, ".gitignore"), "utf8"))
  .split("\n")
  .map((line) => line.replaceAll(/^\/|\/$/g, ""));

describe("the examples run, print what is shown, and create only files that Git ignores:", () => {
  test.each(RUN)("%s", { timeout: 90_000 }, async (_, text) => {
    const session = await openDocSession();
    onTestFinished(() => session.close());
    for (const example of examplesOf(text)) await session.run(example);
    await session.untilEndpointIsFree();
    const made = await session.made();
    expect(made.filter((name) => !IGNORED.some((line) => matchesGlob(name, line)))).toEqual([]);
  });
});

test("the guide runs each built-in plugin in the section of its name", async () => {
  const guide = DOCUMENTS.get("docs/guides/built-in-plugins.md") ?? "";
  const sections = new Map(
    guide.split(/^## /m).map((section) => [section.split("\n", 1)[0]!, section]),
  );
  const plugins = (await list("runner/src/plugins/*/index.ts")).map((path) => path.split("/")[3]!);
  const isRun = (name: string): boolean =>
    examplesOf(sections.get(name) ?? "").some(({ fence }) => fence.text.includes(`"${name}"`));
  expect(plugins.length).toBeGreaterThan(10);
  expect(plugins.filter((name) => !isRun(name))).toEqual([]);
});

test("no command leaves the reader in another folder or installs into the project", () => {
  const strays = RUN.flatMap(([path, text]) =>
    fencesOf(text)
      .filter(({ language }) => /^(?:ba)?sh$/.test(language))
      .flatMap((fence) => fence.text.match(STRAYS) ?? [])
      .map((command) => `${path}: ${command}`),
  );
  expect(strays).toEqual([]);
});

describe("links lead to files and headings that exist:", () => {
  test.each([...DOCUMENTS])("%s", async (path, text) => {
    const broken: string[] = [];
    for (const link of linksOf(text)) {
      const [file = "", anchor] = link.split("#");
      const target = file === "" ? path : relative(ROOT, resolve(ROOT, dirname(path), file));
      const exists = (await list(target.replace(/\/$/, ""))).length > 0;
      const linked = DOCUMENTS.get(target);
      const hasAnchor =
        anchor === undefined || linked === undefined || anchorsOf(linked).includes(anchor);
      if (!exists || !hasAnchor) broken.push(link);
    }
    expect(broken).toEqual([]);
  });
});

/** The folders from which a document writes its paths. */
const BASES = ["", "runner/", "runner/src/", "runner/test/"];

describe("the paths that a document names exist:", () => {
  test.each(["AGENTS.md", "CONTRIBUTING.md"])("%s", async (document) => {
    const text = DOCUMENTS.get(document) ?? "";
    const trees = fencesOf(text).filter(({ text: tree }) => /^ *[\w.-]+\/ /m.test(tree));
    const named = [
      ...inlinePathsOf(text).map((path) => ({ path, bases: BASES })),
      ...trees.flatMap((tree) => treePathsOf(tree.text)).map((path) => ({ path, bases: [""] })),
    ];
    expect(trees.length).toBeGreaterThan(0);
    const missing: string[] = [];
    for (const { path, bases } of named) {
      // NAME is a placeholder for any name.
      const pattern = path.replaceAll(/\bNAME\b/g, "*").replace(/\/$/, "");
      const found = await Promise.all(bases.map((base) => list(base + pattern)));
      if (found.flat().length === 0) missing.push(path);
    }
    expect(missing).toEqual([]);
  });
});
