import { resolve } from "node:path";
import { missingContents } from "../files/copy-contents.ts";
import { contentsPath } from "../startup/contents-path.ts";
import type { DatabaseReport, ListedContent } from "../store/shared/database-report.ts";
import { checkDatabase } from "../store/sqlite/check-database.ts";
import { listContents } from "../store/sqlite/list-contents.ts";
import { backedUpContents } from "./backed-up-contents.ts";
import { describeCounts, describeDatabase } from "./describe-database.ts";
import type { Given } from "./command-contract.ts";
import type { check as contract } from "./contract/daemon.ts";
import { requireDatabase, requireExisting } from "./require-file.ts";

const EVERY_CONTENT = "every file has its content, with its size";
const MAX_PROBLEMS = 5;
const OLDER =
  "An earlier version of Playground wrote this database. Only the file and its references are checked. The next start upgrades it.";

/** What is checked. */
interface Subject {
  /** As messages name it. */
  readonly name: string;
  readonly report: DatabaseReport;
  readonly listed: readonly ListedContent[];
  /** The folder of the contents of files. */
  readonly contents: string;
  /** What it contains. */
  readonly description: string;
}

/** Checks the database or a backup, and prints what is wrong. The exit code is 1 when something is. */
export async function check(given: Given<typeof contract>): Promise<number> {
  const { name, report, listed, contents, description } = await findSubject(given);
  const { schemaVersion, isOlder } = report;
  const missing = await missingContents(listed, contents);
  const passed = missing.length === 0 ? [...report.passed, EVERY_CONTENT] : report.passed;
  const found = missing.slice(0, MAX_PROBLEMS).map((each) => `${contents} lacks ${each}`);
  const broken =
    missing.length === 0
      ? report.broken
      : [...report.broken, { sentence: EVERY_CONTENT, problems: found }];
  const checks = passed.length + broken.length;
  const lines = [
    ...(isOlder ? [OLDER] : []),
    ...(given.flags.verbose ? passed.map((sentence) => `ok      ${sentence}`) : []),
    ...broken.flatMap(({ sentence, problems }) => [
      `BROKEN  ${sentence}, but:`,
      ...problems.map((problem) => `          ${problem}`),
    ]),
    broken.length === 0
      ? `No problems found in ${name} by ${checks} checks (schema version ${schemaVersion}). It contains ${description}.`
      : `${broken.length} of ${checks} checks of ${name} failed. First keep a copy of the database and the data folder. Then you can restore a backup.`,
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
  return broken.length === 0 ? 0 : 1;
}

async function findSubject(given: Given<typeof contract>): Promise<Subject> {
  const { FILE } = given.arguments;
  if (FILE !== undefined) {
    const file = requireExisting(resolve(FILE));
    return sqliteSubject(file, backedUpContents(file));
  }
  const settings = given.settings();
  const contents = contentsPath(settings);
  const { databaseUrl: url } = settings;
  return url === undefined
    ? sqliteSubject(requireDatabase(settings), contents)
    : postgresSubject(url, contents);
}

async function sqliteSubject(file: string, contents: string): Promise<Subject> {
  return {
    name: file,
    report: checkDatabase(file),
    listed: listContents(file),
    contents,
    description: await describeDatabase(file),
  };
}

async function postgresSubject(url: string, folder: string): Promise<Subject> {
  const { inspectDatabase } = await import("../store/postgres/inspect-database.ts");
  const { name, report, contents, counts } = await inspectDatabase({ url, schema: null });
  return { name, report, listed: contents, contents: folder, description: describeCounts(counts) };
}
