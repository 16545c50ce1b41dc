/**
 * `npm run bench -- files [--size N]` measures the list of N small files at the API of a daemon, a
 * backup of them, and sweeps of their contents. The contents are written without a sync.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { createLocalContents, type LocalContents } from "../src/files/local-contents.ts";
import type { NewFile } from "../src/ports/store/files.ts";
import type { Store } from "../src/ports/store/store.ts";
import { createSqliteStore } from "../src/store/sqlite/sqlite-store.ts";
import { BINARY } from "../test/support/cli.ts";
import { startDaemon } from "../test/support/daemon.ts";
import { quantile, type Figure } from "./figures.ts";

const PAGES = 200;
const PAGE_SIZE = 100;
const GROUP = 5_000;
const DAY_MS = 24 * 60 * 60_000;

export async function benchFiles(size: number): Promise<{ figures: readonly Figure[] }> {
  const root = await mkdtemp(join(tmpdir(), "bench-files-"));
  const dataDir = join(root, "data");
  try {
    await mkdir(dataDir, { recursive: true });
    const contents = createLocalContents(join(dataDir, "artifacts"));
    const store = await createSqliteStore({ path: join(dataDir, "playground.db") });
    await fill(store, contents, size);
    const used = await measureSweep(contents, (sha256s) => store.usedContents(sha256s));
    await store.close();
    const lists = await measureLists(root);
    const backups = await measureBackups(root, dataDir);
    const unused = await measureSweep(contents, async () => new Set());
    return {
      figures: [
        ...lists,
        ...backups,
        ...used.map(named(`sweep of ${size} contents, all used`)),
        ...unused.map(named(`sweep of ${size} contents, none used`)),
      ],
    };
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

function named(what: string) {
  return (figure: Figure): Figure => ({ ...figure, name: `${what}, ${figure.name}` });
}

async function fill(store: Store, contents: LocalContents, size: number): Promise<void> {
  const yesterday = new Date(Date.now() - 2 * DAY_MS);
  for (let from = 0; from < size; from += GROUP) {
    const numbers = Array.from({ length: Math.min(GROUP, size - from) }, (_, n) => from + n);
    await Promise.all(numbers.map((n) => add(n)));
  }

  async function add(n: number): Promise<void> {
    const text = `content ${n}`;
    const sha256 = createHash("sha256").update(text).digest("hex");
    const path = contents.pathOf(sha256);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
    await utimes(path, yesterday, yesterday);
    const id = `file_${n.toString().padStart(26, "0")}`;
    const file: NewFile = {
      id,
      name: `${n}.txt`,
      type: "text/plain",
      size: text.length,
      sha256,
      createdAt: yesterday.getTime(),
      expiresAt: null,
    };
    await store.createFile(file);
  }
}

async function measureLists(root: string): Promise<Figure[]> {
  const daemon = await startDaemon({ root, env: { PLAYGROUND_LOG_LEVEL: "warn" } });
  try {
    const took: number[] = [];
    let cursor = "";
    for (let n = 0; n < PAGES; n += 1) {
      const from = performance.now();
      const page = await daemon.get(`/v1/files?limit=${PAGE_SIZE}${cursor}`);
      took.push(performance.now() - from);
      cursor = page.nextCursor === null ? "" : `&cursor=${encodeURIComponent(page.nextCursor)}`;
    }
    return [
      { name: `pages of ${PAGE_SIZE}, p50`, value: quantile(took, 0.5), unit: "ms" },
      { name: `pages of ${PAGE_SIZE}, p99`, value: quantile(took, 0.99), unit: "ms" },
    ];
  } finally {
    await daemon.close();
  }
}

async function measureBackups(root: string, dataDir: string): Promise<Figure[]> {
  const args = [BINARY, "backup", join(root, "backup.db"), "--data-dir", dataDir];
  const run = promisify(execFile);
  const first = await timed(() => run(process.execPath, args));
  const again = await timed(() => run(process.execPath, [...args, "--force"]));
  return [
    { name: "the first backup", value: first, unit: "ms" },
    { name: "a backup that replaces it", value: again, unit: "ms" },
  ];
}

/** All groups, one after another. `used` runs on the daemon's main thread. */
async function measureSweep(
  contents: LocalContents,
  used: Store["usedContents"],
): Promise<Figure[]> {
  let longest = 0;
  const took = await timed(async () => {
    for (const group of await contents.groups()) {
      await contents.sweep(group, {
        writtenBefore: Date.now() - DAY_MS,
        async used(sha256s) {
          const from = performance.now();
          const answer = await used(sha256s);
          longest = Math.max(longest, performance.now() - from);
          return answer;
        },
      });
    }
  });
  return [
    { name: "in all", value: took, unit: "ms" },
    { name: "longest query", value: longest, unit: "ms" },
  ];
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await work();
  return performance.now() - from;
}
