/**
 * A process that runs tests in a sandbox, as often as it is asked to: vitest stays loaded, and only
 * what changed is read again. `mutation.ts` ends it, and every process of its group, when a mutant hangs.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createVitest } from "vitest/node";
import type { Request, Response, TestRun } from "./messages.ts";

const root = process.cwd();
const setup = join(root, "cover-setup.ts");
const vitest = await createVitest("test", {
  root,
  project: ["unit", "runner"],
  watch: false,
  reporters: [{}],
  onConsoleLog: () => false,
  maxWorkers: 1,
});
await vitest.globTestSpecifications();

async function run({ writes, tests, bail, cover, testTimeoutMs }: Request): Promise<Response> {
  const before = writes.map(({ path }) => ({ path, text: readFileSync(path, "utf8") }));
  const put = (files: { path: string; text: string }[]): void => {
    for (const { path, text } of files) {
      writeFileSync(path, text);
      vitest.invalidateFile(path);
    }
  };
  vitest.state.filesMap.clear();
  vitest.state.errorsSet.clear();
  for (const { config } of [vitest, ...vitest.projects]) {
    config.bail = bail ? 1 : 0;
    config.setupFiles = cover ? [setup] : [];
    config.testTimeout = testTimeoutMs;
  }
  const specifications = tests.flatMap(({ file, names }) => {
    const path = join(root, file);
    return vitest.projects
      .filter((project) => project.matchesTestGlob(path))
      .map((project) =>
        project.createSpecification(path, names === null ? {} : { testNames: names }),
      );
  });
  put(writes);
  try {
    const { testModules, unhandledErrors } = await vitest.runTestSpecifications(specifications);
    const runs: TestRun[] = testModules.flatMap((module) =>
      [...module.children.allTests()].map((test) => ({
        file: module.moduleId.slice(root.length + 1),
        name: test.fullName,
        state: test.result().state,
        ms: test.diagnostic()?.duration ?? 0,
        probes: (test.meta() as { probes?: number[] }).probes ?? [],
        message: test.result().errors?.[0]?.message ?? "",
      })),
    );
    const faults = testModules.flatMap((module) => module.errors().map(({ message }) => message));
    return { runs, faults: [...faults, ...unhandledErrors.map(String)] };
  } finally {
    put(before);
  }
}

process.on("message", (request: Request) => {
  void run(request)
    .catch((error: unknown) => ({ runs: [], faults: [String(error)] }))
    .then((response) => process.send?.(response));
});
process.on("disconnect", () => process.exit());
process.send?.({ ready: true });
