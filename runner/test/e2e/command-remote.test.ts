/** The commands that work with a running daemon, against a real one. */
import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { BINARY, runCli, type CliRun } from "../support/cli.ts";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { createReceiver, type Receiver } from "../support/receiver.ts";
import { until } from "../support/until.ts";

let daemon: Daemon;
let receiver: Receiver;

beforeAll(async () => {
  receiver = await createReceiver((received, response) => {
    response.statusCode = received.path === "/refuses" ? 400 : 200;
    response.end(`got ${received.path}`);
  });
  daemon = await startDaemon({
    // An empty variable counts as not set: the token is in the data folder, as for an operator.
    env: { PLAYGROUND_TOKEN: "" },
    plugins: {
      echo: `async (input, ctx) => {
        ctx.log.info("first", { n: 1 });
        ctx.progress(0.5, "half");
        if (input.wait) while (!existsSync(input.wait)) await sleep(10, undefined, { signal: ctx.signal });
        ctx.log.warn("last");
        if (input.fail) throw new Error("no \\u001b[31mluck");
        return input;
      }`,
      fails: 'async () => { throw new Error("no luck"); }',
    },
  });
});
afterAll(async () => {
  await daemon.close();
  await receiver.close();
});

const cli = (args: readonly string[], stdin?: string): Promise<CliRun> =>
  runCli(args, {
    env: { PLAYGROUND_DATA_DIR: daemon.dataDir },
    ...(stdin !== undefined && { stdin }),
  });

/** Reads from the API, or posts to it, which is faster than to start a command. */
// oxlint-disable-next-line typescript/no-explicit-any -- tests read any field of a response
async function api(path: string, body?: unknown): Promise<any> {
  const token = (await readFile(join(daemon.dataDir, "token"), "utf8")).trim();
  const authorization = `Bearer ${token}`;
  if (body !== undefined) return daemon.post(path, body, { authorization });
  const answer = await daemon.request(path, { headers: { authorization } });
  return answer.json();
}

/** Submits a job and returns its id. */
async function submit(input: unknown, name: string): Promise<string> {
  const args = ["run", "--remote", "echo", "--input", "-", "--name", name, "--detach"];
  const { code, stdout } = await cli(args, JSON.stringify(input));
  expect(code).toBe(0);
  return stdout.trim();
}

describe("run --remote", () => {
  test("follows the job and prints only its output, with numbers as they were given", async () => {
    const { code, stdout, stderr } = await cli(
      ["run", "--remote", "echo", "--input", "-"],
      '{"id":8202522731445525542,"wait":false}',
    );
    expect({ code, output: JSON.parse(stdout) }).toMatchObject({
      code: 0,
      output: { wait: false },
    });
    expect(stderr).toMatch(/^job job_\w+$/m);
    for (const line of ['info first {"n":1}', "warn last"]) expect(stderr).toContain(line);
    const id = /job_\w+/.exec(stderr)?.[0] ?? "";
    const shown = await cli(["jobs", "show", id, "--input"]);
    expect(shown.stdout).toContain('"id": 8202522731445525542');
  });

  test("takes no options from the plugin's example with an input of its own", async () => {
    const { code, stdout } = await cli(
      ["run", "--remote", "csv-profile", "--input", "-"],
      JSON.stringify({ text: "a;b\n1;2\n3;4\n" }),
    );
    expect({ code, output: JSON.parse(stdout) }).toMatchObject({
      code: 0,
      output: { delimiter: ";", rows: 2 },
    });
  });

  test("fails like the plugin, whose message cannot change the terminal's colors", async () => {
    const { code, stdout, stderr } = await cli(
      ["run", "--remote", "echo", "--input", "-"],
      '{"fail":true}',
    );
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain(String.raw`PLUGIN_THREW: no \u001b[31mluck`);
    expect(stderr).not.toContain("\u001b");
  });

  test("stops following at Ctrl+C, and the job goes on", async () => {
    const gate = join(daemon.dataDir, "gate-interrupt");
    const child = spawn(process.execPath, [BINARY, "run", "--remote", "echo", "--input", "-"], {
      env: { PATH: process.env["PATH"], PLAYGROUND_DATA_DIR: daemon.dataDir },
    });
    const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
    onTestFinished(() => void child.kill("SIGKILL"));
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => void (stderr += chunk.toString()));
    child.stdin.end(JSON.stringify({ wait: gate }));
    await until("the progress", () => stderr.includes("progress 50 % half"));
    child.kill("SIGINT");
    expect(await exited).toBe(130);
    const id = /job_\w+/.exec(stderr)?.[0] ?? "";
    expect(stderr).toContain(`jobs logs -f ${id}\` follows it`);
    await writeFile(gate, "");
    await until("the job's end", async () => (await api(`/v1/jobs/${id}`)).status === "completed");
  });
});

test("jobs are listed, filtered, followed, retried, cancelled and deleted", async () => {
  const gate = join(daemon.dataDir, "gate-jobs");
  const waiting = await submit({ wait: gate }, "acts");
  const failed = await submit({ fail: true }, "acts");
  const followed = cli(["jobs", "logs", "-f", waiting]);
  await until("both states", async () => {
    const { items } = await api("/v1/jobs?name=acts");
    const states = (items as { jobId: string; status: string }[]).map((job) => job.status);
    return states.join() === "failed,running";
  });
  const table = await cli(["jobs", "--name", "acts", "--utc"]);
  expect(table.stdout).toMatch(
    new RegExp(`^${failed} +failed +20\\S+Z +\\d+ ms +acts +echo +PLUGIN_THREW: `, "m"),
  );
  expect(table.stdout).not.toContain("\u001b");
  const limited = await cli(["jobs", "--name", "acts", "--limit", "1"]);
  expect(limited.stderr).toBe("There are more: use --limit to show them.\n");
  const none = await cli(["jobs", "list", "--name", "nobody"]);
  expect(none).toEqual({ code: 0, stdout: "", stderr: "No jobs match.\n" });

  const retried = await cli(["jobs", "retry", failed, waiting, "nope"]);
  expect(retried).toMatchObject({ code: 4, stdout: `Retrying ${failed}.\n` });
  expect(retried.stderr).toMatch(
    new RegExp(`^${waiting}: JOB_NOT_RETRYABLE: .*\nnope: JOB_NOT_FOUND: .*\n$`),
  );
  expect((await cli(["jobs", "cancel", waiting])).stdout).toContain(waiting);
  const { code, stdout } = await followed;
  expect(code).toBe(0);
  expect(stdout).toMatch(/^\d\d:\d\d:\d\d\.\d{3} info {2}first \{"n":1\}$/m);
  const lines = (await cli(["jobs", "logs", failed, "--json"])).stdout.trim().split("\n");
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({ level: "info", message: "first" });

  const shown = await cli(["jobs", "show", waiting]);
  expect(shown.stdout).toMatch(/^Error +CANCELLED: /m);
  await until(
    "the job to be retried",
    async () => (await api(`/v1/jobs/${failed}`)).status === "failed",
  );
  expect((await cli(["jobs", "delete", failed])).stdout).toBe(`Deleted ${failed}.\n`);
  expect(await cli(["jobs", "show", failed])).toMatchObject({ code: 4, stdout: "" });
});

test("jobs are listed and acted on by values in their metadata", async () => {
  const job = (metadata: object) => api("/v1/jobs", { plugins: ["echo"], input: null, metadata });
  const { jobId } = await job({ customer: { id: 7 }, plan: "two words" });
  await job({ customer: { id: 8 }, plan: "two words" });
  const flags = ["--meta", "customer.id=7", "--meta", "plan=two words"];
  const listed = JSON.parse((await cli(["jobs", ...flags, "--json"])).stdout);
  expect(listed.items.map((item: { jobId: string }) => item.jobId)).toEqual([jobId]);
  const act = await cli(["bulk", "start", "delete", ...flags, "--yes", "--json"]);
  expect(act.code).toBe(0);
  const { items } = await api("/v1/jobs?meta[plan]=two%20words");
  expect(items).toHaveLength(1);
  for (const [flag, what] of [
    ["customer", "must be a path in the metadata and a value"],
    ["a b=7", "/meta/a b has a wrong key: it must be 1 to 5 keys with dots between them"],
  ] as const)
    expect((await cli(["jobs", "--meta", flag])).stderr).toContain(what);
});

test("a job gets tags, and jobs are listed and acted on by them", async () => {
  const run = ["run", "--remote", "echo", "--input", "-", "--tag", "customer:7", "--detach"];
  const one = (await cli(run, '{"fail":true}')).stdout.trim();
  const both = (await cli([...run, "--tag", "nightly"], '{"fail":true}')).stdout.trim();
  const listed = await cli(["jobs", "--tag", "customer:7", "--tag", "nightly", "--json"]);
  expect(JSON.parse(listed.stdout).items).toMatchObject([
    { jobId: both, tags: ["customer:7", "nightly"] },
  ]);
  expect((await cli(["jobs", "show", both])).stdout).toMatch(/^Tags +customer:7, nightly$/m);
  await until("both to fail", async () => {
    const { items } = await api("/v1/jobs?tag=customer:7&status=failed");
    return (items as unknown[]).length === 2;
  });
  const act = ["bulk", "start", "delete", "--tag", "customer:7", "--tag", "nightly", "--yes"];
  expect((await cli(act)).stdout).toMatch(/^Jobs +1 of 1 done$/m);
  const { items } = await api("/v1/jobs?tag=customer:7");
  expect(items).toMatchObject([{ jobId: one }]);
  const wrong = await cli(["jobs", "--tag", "two words"]);
  expect(wrong).toMatchObject({ code: expect.any(Number), stdout: "" });
  expect(wrong.stderr).toContain('"two words"');
});

test("run --remote sets how often the plugin runs, and the first wait between", async () => {
  const run = ["run", "--remote", "echo", "--input", "-"];
  const retried = await cli([...run, "--attempts", "2", "--retry-delay", "1ms"], '{"fail":true}');
  expect(retried.code).toBe(1);
  const [, id] = /^job (job_\w+)$/m.exec(retried.stderr) ?? [];
  expect(await api(`/v1/jobs/${id}`)).toMatchObject({
    retry: { attempts: 2, backoff: { delayMs: 1, factor: 2 } },
    steps: [{ attempt: 2, failedAttempts: [{ attempt: 1 }] }],
  });
  for (const [flags, message] of [
    [["--retry-delay", "1s"], "--retry-delay needs --attempts"],
    [["--attempts", "0"], '--attempts is "0": it must be a number from 1 to 100.'],
    [["--attempts", "2.5"], '--attempts is "2.5": it must be a whole number.'],
    [
      ["--attempts", "2", "--retry-delay", "soon"],
      '--retry-delay is "soon": it must be a duration',
    ],
    [["--attempts", "2", "--retry-delay", "8d"], '--retry-delay is "8d": it must be at most 7d.'],
  ] as const) {
    expect(await cli([...run, ...flags], "{}")).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(message),
    });
  }
});

test.each(["--attempts", "--retry-delay", "--dedupe-ttl", "--debounce-key", "--tag"])(
  "run without --remote refuses %s, which is of a job",
  async (flag) => {
    const { code, stderr } = await cli(["run", "echo", flag, "1"]);
    expect({ code, stderr }).toMatchObject({ code: 2 });
    expect(stderr).toContain(`${flag} needs --remote: without it no job is submitted.`);
  },
);

async function eventsOf(id: string): Promise<readonly string[]> {
  const { items } = await api(`/v1/jobs/${id}/events`);
  return (items as { status: string }[]).map(({ status }) => status);
}

const FROM_STEP = ["started", "progress", "failed", "failed"];
const FROM_START = ["started", "progress", "failed", "progress", "failed"];

/** Submits a job whose second step fails. */
async function failSecondStep(name: string, webhook?: object): Promise<string> {
  const { jobId } = await api("/v1/jobs", {
    plugins: ["echo", "fails"],
    input: {},
    name,
    ...(webhook !== undefined && { webhook }),
  });
  await untilEvents(jobId, ["started", "progress", "failed"]);
  return jobId;
}

const untilEvents = (id: string, kinds: readonly string[]) =>
  until(`the events ${kinds.join(", ")}`, async () => {
    return (await eventsOf(id)).join() === kinds.join();
  });

test.each([
  [["--from", "start"], FROM_START],
  [["--from", "failed-step"], FROM_STEP],
  [[], FROM_STEP],
])("jobs retry %j runs the steps again that it says", async (flags, kinds) => {
  const id = await failSecondStep("retry");
  const retried = await cli(["jobs", "retry", ...flags, id]);
  expect(retried).toMatchObject({ code: 0, stdout: `Retrying ${id}.\n` });
  await untilEvents(id, kinds);
});

test("jobs retry refuses another beginning, with those that there are", async () => {
  const { code, stderr } = await cli(["jobs", "retry", "--from", "end", "job_x"]);
  expect(code).toBe(2);
  expect(stderr).toContain('--from is "end": it must be one of failed-step, start.');
});

describe("bulk start", () => {
  const act = async (name: string, filter: string): Promise<void> => {
    const { code, stdout } = await cli(["bulk", "start", name, "--name", filter, "--yes"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Jobs +1 of 1 done$/m);
  };

  test.each([
    ["retry", FROM_STEP],
    ["retry-from-start", FROM_START],
  ])("%s runs the steps of failed jobs again that it says", async (name, kinds) => {
    const id = await failSecondStep(`bulk-${name}`);
    await act(name, `bulk-${name}`);
    await untilEvents(id, kinds);
  });

  test("cancel ends jobs that have not ended", async () => {
    const { jobId } = await api("/v1/jobs", {
      plugins: ["echo"],
      input: {},
      name: "bulk-cancel",
      runAt: "2099-01-01T00:00:00Z",
    });
    await act("cancel", "bulk-cancel");
    expect(await api(`/v1/jobs/${jobId}`)).toMatchObject({ errorCode: "CANCELLED" });
  });

  test("redeliver sends events again that were given up", async () => {
    const url = `${receiver.url}/refuses`;
    const id = await failSecondStep("bulk-redeliver", { url, on: ["failed"], retries: 0 });
    const attempts = async (): Promise<number> => {
      const { items } = await api(`/v1/deliveries?jobId=${id}&state=dead`);
      return (items as { attemptCount: number }[])[0]?.attemptCount ?? 0;
    };
    await until("the event to be given up", async () => (await attempts()) === 1);
    await act("redeliver", "bulk-redeliver");
    await until("the second attempt", async () => (await attempts()) === 2);
  });
});

test("run --remote submits one job for a key, and follows the one that has it", async () => {
  const keyed = ["--dedupe-key", "customer-7"];
  const run = ["run", "--remote", "echo", "--input", "-", "--detach"];
  const wait = '{"wait":"/nowhere"}';
  const one = (await cli([...run, ...keyed], wait)).stdout.trim();
  const again = await cli([...run, ...keyed, "--dedupe-while", "active"], wait);
  expect(again.stdout.trim()).toBe(one);
  expect(again.stderr).toContain(`job ${one} has the key already`);
  expect((await api(`/v1/jobs/${one}`)).dedupe).toMatchObject({ while: "active" });
  await cli(["jobs", "cancel", one]);
  const next = (await cli([...run, ...keyed], '{"wait":false}')).stdout.trim();
  expect(next).not.toBe(one);
  const alone = await cli([...run, "--dedupe-while", "queued"], wait);
  expect(alone).toMatchObject({ code: 2, stdout: "" });
  expect(alone.stderr).toContain("--dedupe-while needs --dedupe-key");
});

test("run --remote keeps a key for a time, and merges requests into one job", async () => {
  const run = ["run", "--remote", "echo", "--input", "-", "--detach"];
  const input = '{"wait":false,"items":["a"]}';
  const submitWith = async (...flags: string[]) =>
    (await cli([...run, ...flags], input)).stdout.trim();
  const kept = await submitWith("--dedupe-key", "hourly", "--dedupe-ttl", "1h");
  await until("it to end", async () => (await api(`/v1/jobs/${kept}`)).status === "completed");
  expect(await submitWith("--dedupe-key", "hourly", "--dedupe-ttl", "1h")).toBe(kept);
  expect((await api(`/v1/jobs/${kept}`)).dedupe).toMatchObject({ while: null });

  const waits = ["--debounce-key", "shop", "--debounce-delay", "1h", "--debounce-max", "2h"];
  const collects = [...waits, "--debounce-mode", "first", "--debounce-collect", "/items"];
  const merged = await submitWith(...collects);
  const again = await cli([...run, ...collects], input);
  expect(again.stdout.trim()).toBe(merged);
  expect(again.stderr).toContain(`the request was merged into job ${merged}`);
  expect(await api(`/v1/jobs/${merged}`)).toMatchObject({
    input: { items: ["a", "a"] },
    debounce: { key: "shop", mode: "first", collect: "/items", merged: 1 },
  });
  await cli(["jobs", "cancel", merged]);

  for (const [flags, message] of [
    [["--dedupe-ttl", "1h"], "--dedupe-ttl needs --dedupe-key"],
    [["--dedupe-key", "k", "--dedupe-ttl", "soon"], '--dedupe-ttl is "soon": it must be'],
    [["--dedupe-key", "k", "--dedupe-ttl", "1h", "--dedupe-while", "queued"], "exclude each other"],
    [["--debounce-max", "1h"], "--debounce-max needs --debounce-key"],
    [["--debounce-key", "k", "--debounce-max", "1h"], "--debounce-key needs --debounce-delay"],
  ] as const) {
    expect(await cli([...run, ...flags], input)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(message),
    });
  }
});

test("a bulk act counts, needs a filter and a yes, and acts on all that match", async () => {
  await Promise.all([submit({ fail: true }, "bulk"), submit({ fail: true }, "bulk")]);
  await until("both to fail", async () => {
    const { items } = await api("/v1/jobs?name=bulk&status=failed");
    return (items as unknown[]).length === 2;
  });
  const filter = ["--name", "bulk", "--since", "1h"];
  expect((await cli(["bulk", "start", "delete", ...filter, "--dry-run"])).stdout).toBe(
    "2 jobs would be acted on.\n",
  );
  for (const args of [["--yes"], filter]) {
    expect((await cli(["bulk", "start", "delete", ...args])).code).toBe(2);
  }
  const { code, stdout } = await cli(["bulk", "start", "delete", ...filter, "--yes"]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^Jobs +2 of 2 done$/m);
  const [newest] = JSON.parse((await cli(["bulk", "--json"])).stdout).items as {
    act: string;
    matched: number;
  }[];
  expect(newest).toMatchObject({ act: "delete", matched: 2 });
});

test("webhooks, their deliveries and destinations are managed", async () => {
  const headers = join(daemon.dataDir, "headers.json");
  await writeFile(headers, '{"X-Team":"jobs"}');
  const add = ["webhooks", "add", `${receiver.url}/refuses`, "--on", "completed", "--name", "wh"];
  const added = await cli([...add, "--headers-file", headers]);
  expect(added.stdout).toMatch(/^whsec_\S+\n$/);
  const id = /wh_\w+/.exec(added.stderr)?.[0] ?? "";
  const again = await cli([...add, "--headers-file", headers, "--retries", "0"]);
  expect(again).toMatchObject({ code: 0, stdout: "" });
  const tested = await cli(["webhooks", "test", id]);
  expect(tested.code).toBe(1);
  expect(tested.stdout).toMatch(/^completed +refused +400 +\d.* got \/refuses$/m);
  expect((await cli(["webhooks", "rotate-secret", id])).stdout).toMatch(/^whsec_\S+\n$/);

  await submit({}, "wh");
  const dead = await until("the delivery to be given up", async () => {
    const { items } = await api(`/v1/deliveries?webhookId=${id}&state=dead`);
    return (items as { deliveryId: string }[])[0];
  });
  const shown = await cli(["deliveries", "show", dead.deliveryId]);
  expect(shown.stdout).toMatch(/^State +given up$/m);
  expect(shown.stdout).toMatch(/^1 .* 400 +got \/refuses$/m);
  expect(receiver.received.at(-1)?.headers["x-team"]).toBe("jobs");
  expect((await cli(["webhooks", "pause", id])).stdout).toBe(`Paused ${id}.\n`);
  expect((await cli(["webhooks"])).stdout).toMatch(
    new RegExp(`^${id} +paused .* completed +named wh `, "m"),
  );
  expect((await cli(["webhooks", "resume", id])).stdout).toBe(`Resumed ${id}.\n`);
  const redelivered = await cli(["deliveries", "redeliver", dead.deliveryId]);
  expect(redelivered.stdout).toBe(`Sending ${dead.deliveryId} again.\n`);
  const recovered = await cli(["webhooks", "recover", id, "--since", "1h"]);
  expect(recovered.stdout).toMatch(/^Sending \d+ deliveries to wh_/);
  expect((await cli(["destinations"])).stdout).toMatch(
    new RegExp(`^dst_\\w+ +closed .*${id}`, "m"),
  );
  expect((await cli(["webhooks", "show", id])).stdout).not.toContain("Certificate");
  await cli([...add, "--insecure"]);
  expect((await cli(["webhooks", "show", id])).stdout).toMatch(/^Certificate +not checked$/m);
  expect((await cli(["webhooks", "remove", id])).code).toBe(0);
  expect((await cli(["webhooks", "show", id])).code).toBe(4);
});

test("status says what is running and what is wrong, and fails for an error", async () => {
  const { code, stdout } = await cli(["status"]);
  expect(stdout).toContain(`at ${daemon.url}, up for `);
  expect(stdout).toMatch(/^Threads +\d of 2 busy$/m);
  const { problems } = (await api("/v1/status")) as { problems: { severity: string }[] };
  expect(code).toBe(problems.some(({ severity }) => severity === "error") ? 1 : 0);
  const { stdout: plugins } = await cli(["plugins", "--remote"]);
  expect(plugins).toMatch(/^echo +\S+ +echo\.ts +For a test\.$/m);
});

describe("a command that cannot do its work says why, in one line:", () => {
  const WRONG = { PLAYGROUND_TOKEN: "a-wrong-token-0123456789" };

  test.each([
    [
      "a token on the command line",
      2,
      ["jobs", "--token", "x"],
      {},
      "use --token-file or PLAYGROUND_TOKEN",
    ],
    ["a wrong token", 4, ["jobs"], WRONG, "refused the token, which is from PLAYGROUND_TOKEN"],
    [
      "no daemon",
      3,
      ["jobs", "--data-dir", "/nowhere"],
      {},
      "No daemon is running with the data folder /nowhere",
    ],
    [
      "an input that the daemon refuses",
      2,
      ["run", "--remote", "text-chunk", "--input", "-"],
      {},
      "INPUT_INVALID: ",
    ],
  ])("%s", async (_, code, args, env, message) => {
    const ran = await runCli(args, {
      env: { PLAYGROUND_DATA_DIR: daemon.dataDir, ...env },
      stdin: "7",
    });
    expect(ran.stderr).toContain(message);
    expect(ran.stderr.trim().split("\n")).toHaveLength(1);
    expect({ code: ran.code, stdout: ran.stdout }).toEqual({ code, stdout: "" });
  });
});

test("a daemon that stops removes its address, and one that was killed is not reached", async () => {
  const other = await startDaemon({ env: { PLAYGROUND_TOKEN: "" } });
  onTestFinished(() => other.close());
  const address = join(other.dataDir, "address");
  expect(await readFile(address, "utf8")).toBe(`${other.url}\n`);
  await other.end("SIGKILL");
  const killed = await runCli(["status"], { env: { PLAYGROUND_DATA_DIR: other.dataDir } });
  expect(killed).toMatchObject({ code: 3, stdout: "" });
  expect(killed.stderr).toContain(`which is from ${address}. The daemon is not running`);
});
