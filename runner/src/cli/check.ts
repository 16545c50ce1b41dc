import { resolve } from "node:path";
import type { Settings } from "../config.ts";
import { missingContents } from "../files/copy-contents.ts";
import { contentsPath } from "../startup/contents-path.ts";
import type { DatabaseReport, ListedContent } from "../store/shared/database-report.ts";
import { checkDatabase } from "../store/sqlite/check-database.ts";
import { listContents } from "../store/sqlite/list-contents.ts";
import { missingInBucket } from "./bucket-contents.ts";
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
  /** Where the contents of files are, as messages name it. */
  readonly contents: string;
  /** The contents that are missing there. */
  readonly missing: readonly string[];
  /** What it contains. */
  readonly description: string;
}

export interface CheckResult {
  /** What was checked, as messages name it. */
  readonly name: string;
  readonly checks: number;
  /** How many of the checks failed. */
  readonly broken: number;
  readonly lines: readonly string[];
}

/** Checks the database or a backup, and prints what is wrong. The exit code is 1 when something is. */
export async function check(given: Given<typeof contract>): Promise<number> {
  const { broken, lines } = await checkSubject(await findSubject(given), given.flags);
  process.stdout.write(`${lines.join("\n")}\n`);
  return broken === 0 ? 0 : 1;
}

/** Checks the database of the settings. */
export async function checkData(settings: Settings): Promise<CheckResult> {
  return checkSubject(await findData(settings));
}

async function checkSubject(subject: Subject, { verbose = false } = {}): Promise<CheckResult> {
  const { name, report, contents, missing, description } = subject;
  const { schemaVersion, isOlder } = report;
  const passed = missing.length === 0 ? [...report.passed, EVERY_CONTENT] : report.passed;
  const found = missing.slice(0, MAX_PROBLEMS).map((each) => `${contents} lacks ${each}`);
  const broken =
    missing.length === 0
      ? report.broken
      : [...report.broken, { sentence: EVERY_CONTENT, problems: found }];
  const checks = passed.length + broken.length;
  const lines = [
    ...(isOlder ? [OLDER] : []),
    ...(verbose ? passed.map((sentence) => `ok      ${sentence}`) : []),
    ...broken.flatMap(({ sentence, problems }) => [
      `BROKEN  ${sentence}, but:`,
      ...problems.map((problem) => `          ${problem}`),
    ]),
    broken.length === 0
      ? `No problems found in ${name} by ${checks} checks (schema version ${schemaVersion}). It contains ${description}.`
      : `${broken.length} of ${checks} checks of ${name} failed. First keep a copy of the database and the data folder. Then you can restore a backup.`,
  ];
  return { name, checks, broken: broken.length, lines };
}

async function findSubject(given: Given<typeof contract>): Promise<Subject> {
  const { FILE } = given.arguments;
  if (FILE !== undefined) {
    const file = requireExisting(resolve(FILE));
    return sqliteSubject(file, inFolder(backedUpContents(file)));
  }
  return findData(given.settings());
}

async function findData(settings: Settings): Promise<Subject> {
  const { databaseUrl: url } = settings;
  const find: FindMissing = (listed) => findMissing(listed, settings);
  return url === undefined
    ? sqliteSubject(requireDatabase(settings), find)
    : postgresSubject(url, find);
}

type FindMissing = (
  listed: readonly ListedContent[],
) => Promise<Pick<Subject, "contents" | "missing">>;

const inFolder =
  (contents: string): FindMissing =>
  async (listed) => ({ contents, missing: await missingContents(listed, contents) });

/** All daemons find the contents in the bucket, if there is one. */
async function findMissing(
  listed: readonly ListedContent[],
  settings: Settings,
): ReturnType<FindMissing> {
  const missing = await missingInBucket(listed, settings);
  if (missing === null) return inFolder(contentsPath(settings))(listed);
  return { contents: settings.filesS3Url ?? "", missing };
}

async function sqliteSubject(file: string, find: FindMissing): Promise<Subject> {
  return {
    name: file,
    report: checkDatabase(file),
    ...(await find(listContents(file))),
    description: await describeDatabase(file),
  };
}

async function postgresSubject(url: string, find: FindMissing): Promise<Subject> {
  const { inspectDatabase } = await import("../store/postgres/inspect-database.ts");
  const { name, report, contents, counts } = await inspectDatabase({ url, schema: null });
  return { name, report, ...(await find(contents)), description: describeCounts(counts) };
}
