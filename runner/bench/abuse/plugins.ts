/** The sources of plugins that use up memory, end their process, or do not end. */

const crash = (signal: string): string => `async () => {
  await sleep(300);
  process.getBuiltinModule("child_process").execFileSync("kill", ["-${signal}", String(process.pid)]);
  await sleep(60_000);
}`;

/** V8 ends the whole process when one of these allocations does not fit into its heap. */
const FILLS_HEAP = {
  "fills-map": 'const all = new Map(); for (let n = 0; n < 5e6; n += 1) all.set("k" + n, 1);',
  "fills-object": 'const all = {}; for (let n = 0; n < 5e6; n += 1) all["k" + n] = 1;',
  "fills-push": "const all = []; for (let n = 0; n < 1e8; n += 1) all.push(n * 3);",
  "fills-spread": "let all = [1]; while (all.length < 1e8) all = [...all, ...all];",
  "fills-sort":
    "Array.from({ length: 2e7 }, (_, n) => String((n * 7919) % 1e7)).sort((a, b) => (a < b ? -1 : 1));",
  "fills-split": 'for (const all = []; ; ) all.push("a,".repeat(2e7).split(","));',
} as const;

/** Each plugin that abuses what it is given. */
export const ABUSIVE: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    Object.entries(FILLS_HEAP).map(([name, source]) => [name, `async () => { ${source} }`]),
  ),
  // SQLite's memory is not V8's: it is neither on the heap nor in a buffer.
  "fills-sqlite": `async () => {
    const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
    const db = new DatabaseSync(":memory:");
    db.exec("CREATE TABLE blobs (bytes)");
    for (let n = 0; n < 200; n += 1) {
      db.exec("INSERT INTO blobs VALUES (randomblob(10000000))");
      await sleep(20);
    }
  }`,
  // Works for minutes in a thread of libuv, which nothing can stop.
  "hashes-forever": `() => new Promise((resolve) => {
    process.getBuiltinModule("crypto").pbkdf2("password", "salt", 2e9, 64, "sha512", resolve);
  })`,
  "loops-forever": "() => { for (;;); }",
  "leaves-children": `() => {
    const { spawn } = process.getBuiltinModule("child_process");
    for (let n = 0; n < 5; n += 1) spawn("sleep", ["600"], { stdio: "ignore" });
  }`,
  "floods-log": `async (_, ctx) => {
    for (let n = 0; n < 200_000; n += 1) ctx.log.info("x".repeat(1_000));
    for (let n = 0; n < 20_000; n += 1) console.log("x".repeat(1_000));
  }`,
};

/** Each plugin that ends its process. */
export const CRASHING: Readonly<Record<string, string>> = {
  "crashes-abort": crash("ABRT"),
  "crashes-killed": crash("KILL"),
};

/** Plugins whose jobs the attacking clients read. */
export const READABLE: Readonly<Record<string, string>> = {
  "large-output": `() => "x".repeat(7 * 1024 * 1024)`,
  echo: "(input) => input",
};
