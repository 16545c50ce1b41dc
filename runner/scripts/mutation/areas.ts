/** Which tests should notice a change of a file: those of its area, in the order in which they are tried. */
import { globSync } from "node:fs";
import { dirname, join } from "node:path";

const HTTP_GUARDS =
  "{admission,auth,base-path,body-budget,digest-header,held-bytes,host-guard,login-limit,mount,nosniff,response-budget,session-cookie,unused-connections,waits,json-structure,poisoned-keys,discard-body,inflate-body}.ts";

interface Area {
  files: string;
  tests: string[];
}

const AREAS: Area[] = [
  { files: "runner/src/domain/*.ts", tests: ["runner/src/{domain,engine,sender}/**/*.test.ts"] },
  { files: "runner/src/engine/**/*.ts", tests: ["runner/src/engine/**/*.test.ts"] },
  { files: "runner/src/egress/*.ts", tests: ["runner/src/{egress,sender}/*.test.ts"] },
  { files: "runner/src/sender/*.ts", tests: ["runner/src/{sender,egress}/*.test.ts"] },
  { files: `runner/src/http/${HTTP_GUARDS}`, tests: ["runner/src/http/*.test.ts"] },
  {
    files: "runner/src/store/{shared,sqlite}/**/*.ts",
    tests: ["runner/src/store/**/*.test.ts", "runner/test/conformance/sqlite.test.ts"],
  },
];
/** They take minutes, or measure the time that others leave them. */
const LEFT_OUT = /no-event-lost|return-free-space|\/transfer\/|query-plans|list-plans/;

/** The files to mutate: those under the paths that were given, or all of every area. */
export function chooseFiles(root: string, given: string[]): string[] {
  return AREAS.flatMap(({ files }) => globSync(files, { cwd: root }))
    .filter((file) => !file.endsWith(".test.ts"))
    .filter((file) => given.length === 0 || given.some((path) => `${file}/`.startsWith(`${path}/`)))
    .toSorted();
}

export function testsOf(root: string, files: string[]): string[] {
  const areas = AREAS.filter((area) =>
    globSync(area.files, { cwd: root }).some((file) => files.includes(file)),
  );
  const tests = areas.flatMap((area) =>
    area.tests.flatMap((test) => globSync(test, { cwd: root })),
  );
  return [...new Set(tests)].filter((test) => !LEFT_OUT.test(test)).toSorted();
}

/** How far a test is from a file: 0 beside it with its name, 1 in its folder, 2 elsewhere. */
export function distance(file: string, test: string): number {
  if (test === file.replace(/\.ts$/, ".test.ts")) return 0;
  return dirname(test) === dirname(file) ? 1 : 2;
}

export const cacheFolder = (root: string): string => join(root, "runner/.cache/mutation");
