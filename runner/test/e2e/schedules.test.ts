/** Schedules on the real daemon, over HTTP and with the command line. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ScheduleSlot, Schedule } from "../../src/http/contract/schedule.ts";
import { runCli, type CliRun } from "../support/cli.ts";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { createReceiver, type Receiver } from "../support/receiver.ts";
import { until } from "../support/until.ts";

let daemon: Daemon;
let receiver: Receiver;

beforeAll(async () => {
  receiver = await createReceiver();
  daemon = await startDaemon({
    plugins: {
      echo: `(input, ctx) => {
        if (input.fail) throw new Error("no luck");
        return { input, schedule: ctx.job.schedule };
      }`,
    },
  });
});
afterAll(async () => {
  await daemon.close();
  await receiver.close();
});

const JOB = { plugins: ["echo"], input: { a: 1 } };

async function send(
  method: string,
  path: string,
  body?: object,
  // oxlint-disable-next-line typescript/no-explicit-any -- tests read any field of a response
): Promise<{ status: number; body: any }> {
  const response = await daemon.request(path, {
    method,
    ...(body !== undefined && {
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    }),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? null : (JSON.parse(text) as unknown) };
}

const save = (fields: object) => send("POST", "/v1/schedules", { job: JOB, ...fields });

async function slotsOf(key: string): Promise<ScheduleSlot[]> {
  const { body } = await send("GET", `/v1/schedules/${key}/slots`);
  return (body as { items: unknown[] }).items.map((item) => ScheduleSlot.parse(item));
}

describe("over HTTP", () => {
  test("with If-None-Match: *, a schedule is created and never replaced", async () => {
    const post = (given: string, everyMs: number) =>
      daemon.request("/v1/schedules", {
        method: "POST",
        headers: { "content-type": "application/json", "if-none-match": given },
        body: JSON.stringify({ key: "new", everyMs, job: JOB }),
      });
    const answers = await Promise.all([3_600_000, 7_200_000].map((everyMs) => post("*", everyMs)));
    const created = answers.find(({ status }) => status === 201);
    const refused = answers.find(({ status }) => status === 412);
    expect([created?.status, refused?.status]).toEqual([201, 412]);
    expect(await refused?.json()).toMatchObject({
      code: "SCHEDULE_EXISTS",
      issues: [{ path: "/key", message: 'is "new", which another schedule has' }],
    });
    expect((await send("GET", "/v1/schedules/new")).body).toEqual(await created?.json());
    const wrong = await post('"etag"', 3_600_000);
    expect(wrong.status).toBe(400);
    expect(await wrong.json()).toMatchObject({ issues: [{ path: "/if-none-match" }] });
    await send("DELETE", "/v1/schedules/new");
  });

  test("a schedule runs its plugin at each slot, and its events name the schedule", async () => {
    const headers = { "X-Key": "hidden" };
    const webhook = { url: `${receiver.url}/hook`, headers, verifyTls: false };
    const created = await save({ key: "often", everyMs: 1_000, job: { ...JOB, webhook } });
    expect(created.status).toBe(201);
    expect(Schedule.parse(created.body)).toMatchObject({
      key: "often",
      timezone: "UTC",
      overlap: "skip",
      state: "active",
      job: { webhook: { headers: { "X-Key": "***" }, verifyTls: false, signed: false } },
    });
    await until(
      "two jobs have completed",
      async () =>
        (await slotsOf("often")).filter((slot) => slot.jobState === "completed").length >= 2,
    );
    const [second, first] = (await slotsOf("often")).filter(
      (slot) => slot.jobState === "completed",
    );
    const { body: job } = await send("GET", `/v1/jobs/${second?.jobId}`);
    const schedule = { key: "often", slot: second?.slot, previousSlot: first?.slot };
    expect(job.schedule).toMatchObject(schedule);
    expect(job.output.schedule).toMatchObject(schedule);
    await until("the event arrives", () =>
      receiver.received.some(({ body }) => {
        const event = JSON.parse(body) as { jobId: string; schedule: object };
        return event.jobId === second?.jobId && "slot" in event.schedule;
      }),
    );
    expect(receiver.received[0]?.headers["x-key"]).toBe("hidden");
    expect((await send("DELETE", "/v1/schedules/often")).status).toBe(204);
    expect((await send("GET", "/v1/schedules/often")).body.code).toBe("SCHEDULE_NOT_FOUND");
  });

  test("a request with a known key changes the schedule, and lists and pages show it", async () => {
    const cron = { key: "daily", cron: "0 9 * * 1-5", timezone: "europe/berlin" };
    expect((await save(cron)).status).toBe(201);
    const same = await save(cron);
    expect(same).toMatchObject({ status: 200, body: { timezone: "Europe/Berlin" } });
    const { body: next } = await send("GET", "/v1/schedules/daily/next?n=3");
    expect(next.items).toHaveLength(3);
    expect(next.items[0].local).toMatch(/^\w{3}, \d+ \w+ \d{4}, 09:00 CES?T$/);
    const changed = await save({ ...cron, cron: "0 10 * * *", overlap: "allow" });
    expect(changed).toMatchObject({ status: 200, body: { cron: "0 10 * * *", overlap: "allow" } });
    await save({ key: "second", everyMs: 3_600_000 });
    const one = await send("GET", "/v1/schedules?limit=1");
    const two = await send("GET", `/v1/schedules?limit=1&cursor=${one.body.nextCursor}`);
    expect([one.body.items[0].key, two.body.items[0].key]).toEqual(["daily", "second"]);
  });

  test("an update changes the fields that it names, and keeps the others and the secrets", async () => {
    const webhook = { url: `${receiver.url}/hook`, headers: { "X-Key": "hidden" } };
    const job = { ...JOB, webhook, timeoutMs: 5_000, retry: { attempts: 2 } };
    const times = { endAt: "2040-01-01T00:00:00Z", pauseOnFailures: 2 };
    const { body: before } = await save({ key: "patched", everyMs: 3_600_000, ...times, job });
    const patch = (body: object) => send("PATCH", "/v1/schedules/patched", body);
    const { status, body: after } = await patch({
      cron: "0 9 * * *",
      timezone: "europe/berlin",
      job: { input: { a: 2 } },
    });
    expect(status).toBe(200);
    expect(Schedule.parse(after)).toMatchObject({
      cron: "0 9 * * *",
      everyMs: null,
      timezone: "Europe/Berlin",
      pauseOnFailures: 2,
      endAt: before.endAt,
    });
    expect(after.job).toEqual({ ...before.job, input: { a: 2 } });
    const none = { webhook: null, timeoutMs: null, retry: null, name: null };
    const { body: bare } = await patch({ pauseOnFailures: null, endAt: null, job: none });
    expect(bare).toMatchObject({ pauseOnFailures: null, endAt: null, job: none });
    expect((await patch({ job: { plugins: ["ecco"] } })).body).toMatchObject({
      code: "PLUGIN_NOT_FOUND",
      issues: [{ path: "/job/plugins/0" }],
    });
    expect((await patch({ key: "other" })).body.issues[0].path).toBe("/key");
    expect((await send("PATCH", "/v1/schedules/gone", { cron: "0 9 * * *" })).body.code).toBe(
      "SCHEDULE_NOT_FOUND",
    );
  });

  test("the slots of a schedule that is not stored can be seen, and what is wrong with it", async () => {
    const preview = (body: object) => send("POST", "/v1/schedules/preview", body);
    const { status, body } = await preview({ cron: "0 9 * * 1-5", timezone: "Europe/Berlin" });
    expect(status).toBe(200);
    expect(body.items).toHaveLength(5);
    expect(body.items[0].local).toMatch(/^\w{3}, \d+ \w+ \d{4}, 09:00 CES?T$/);
    expect((await preview({ everyMs: 60_000, n: 2 })).body.items).toHaveLength(2);
    const bad = await preview({ cron: "0 9 * *", timezone: "Berlin" });
    expect(bad.status).toBe(400);
    expect(bad.body.issues.map(({ path }: { path: string }) => path)).toEqual([
      "/cron",
      "/timezone",
    ]);
    await save({ key: "preview", everyMs: 3_600_000 });
    expect((await send("GET", "/v1/schedules/preview")).body.key).toBe("preview");
    expect((await send("DELETE", "/v1/schedules/preview")).status).toBe(204);
  });

  test("a schedule is run, paused and resumed, and a run of a busy one is refused", async () => {
    await save({ key: "manual", everyMs: 3_600_000 });
    const run = await send("POST", "/v1/schedules/manual/run");
    expect(run.status).toBe(202);
    expect(run.body).toMatchObject({ status: "queued", plugins: ["echo"] });
    await until("it completes", async () => (await slotsOf("manual"))[0]?.jobState === "completed");
    expect((await slotsOf("manual"))[0]).toMatchObject({ manual: true, jobId: run.body.jobId });
    const paused = await send("POST", "/v1/schedules/manual/pause");
    expect(paused.body).toMatchObject({ state: "paused", pausedBy: "request" });
    const resumed = await send("POST", "/v1/schedules/manual/resume");
    expect(resumed.body).toMatchObject({ state: "active", pausedBy: null, pausedAt: null });
  });

  test("a schedule that its failures have paused is a problem in the status", async () => {
    await save({
      key: "bad",
      everyMs: 1_000,
      pauseOnFailures: 1,
      job: { ...JOB, input: { fail: true } },
    });
    await until(
      "it is paused",
      async () => (await send("GET", "/v1/schedules/bad")).body.state === "paused",
    );
    const { body } = await send("GET", "/v1/status");
    expect(body.problems).toMatchObject([
      { kind: "schedule-paused", severity: "error", target: { schedule: "bad" } },
    ]);
    expect(body.problems[0].message).toContain("no luck");
    const metrics = await (await daemon.request("/metrics")).text();
    expect(metrics).toMatch(/^playground_schedule_slots_total\{state="fired"\} [1-9]/m);
    await send("DELETE", "/v1/schedules/bad");
  });

  test.each([
    [{ key: "a b", everyMs: 1_000 }, "/key", "must begin with a letter or digit"],
    [{ key: "x", everyMs: 10 }, "/everyMs", "1000"],
    [{ key: "x", cron: "* * * * * *" }, "/cron", "it must have 5"],
    [
      { key: "x", cron: "0 9 * * *", timezone: "Europa/Berlin" },
      "/timezone",
      'Did you mean "Europe/Berlin"?',
    ],
    [
      { key: "x", everyMs: 1_000, job: { ...JOB, runAt: "2030-01-01T00:00:00Z" } },
      "/job/runAt",
      "is not a known field",
    ],
    [
      { key: "x", everyMs: 1_000, job: { plugins: ["ecco"] } },
      "/job/plugins/0",
      'Did you mean "echo"?',
    ],
    [
      { key: "x", everyMs: 1_000, job: { ...JOB, input: { $file: "file_gone" } } },
      "/job/input",
      "there is no such file",
    ],
  ])(
    "a bad request is refused with the field, its value and what would be right: %j",
    async (fields, path, message) => {
      const { status, body } = await save(fields);
      expect(status).toBeGreaterThanOrEqual(400);
      expect(body.issues[0].path).toContain(path);
      expect(body.issues[0].message).toContain(message);
    },
  );
});

describe("with the command line", () => {
  const cli = (args: readonly string[], stdin?: string): Promise<CliRun> =>
    runCli(["schedules", ...args], {
      env: { PLAYGROUND_URL: daemon.url, PLAYGROUND_TOKEN: daemon.token },
      ...(stdin !== undefined && { stdin }),
    });

  test("a schedule is created, shown, run, paused, resumed and deleted", async () => {
    const flags = ["--every", "15m", "--jitter", "1m", "--plugin", "echo", "--input", "-"];
    flags.push("--attempts", "4");
    const created = await cli(["create", "cli", ...flags, "--pause-on-failures", "3"], '{"b":2}');
    expect(created).toMatchObject({ code: 0, stdout: "cli\n" });
    expect(created.stderr).toMatch(/^Its next slot is \w{3}, .* UTC\.$/m);
    expect((await send("GET", "/v1/schedules/cli")).body.job.retry.attempts).toBe(4);
    const shown = await cli(["show", "cli"]);
    for (const text of ["every 15 min", "UTC", "up to 1 min", "0 in a row; 3 pause it"]) {
      expect(shown.stdout).toContain(text);
    }
    const run = await cli(["run", "cli"]);
    expect(run.stdout).toMatch(/^job_\w+\n$/);
    await until("it completes", async () => (await slotsOf("cli"))[0]?.jobState === "completed");
    expect((await cli(["show", "cli"])).stdout).toMatch(/fired .* request +job_\w+ +completed/);
    expect(await cli(["pause", "cli"])).toMatchObject({ code: 0, stdout: "Paused cli.\n" });
    expect((await cli([])).stdout).toMatch(/cli +paused +every 15 min/);
    expect(await cli(["resume", "cli"])).toMatchObject({ code: 0, stdout: "Resumed cli.\n" });
    expect((await cli(["next", "cli", "--limit", "2"])).stdout.trim().split("\n")).toHaveLength(3);
    expect(await cli(["delete", "cli"])).toMatchObject({ code: 0, stdout: "Deleted cli.\n" });
    const gone = await cli(["show", "cli"]);
    expect(gone).toMatchObject({ code: 4 });
    expect(gone.stderr).toContain('There is no schedule "cli".');
  });

  test("an update changes what its flags name", async () => {
    await save({ key: "cli-update", everyMs: 3_600_000, pauseOnFailures: 2 });
    const cron = ["--cron", "30 2 * * *", "--timezone", "Europe/Berlin"];
    const updated = await cli(["update", "cli-update", ...cron, "--pause-on-failures", "0"]);
    expect(updated).toMatchObject({ code: 0, stdout: "cli-update\n" });
    expect(updated.stderr).toMatch(/^Its next slot is \w{3}, .* 02:30 CES?T\.$/m);
    const input = await cli(["update", "cli-update", "--input", "-", "--json"], '{"b":2}');
    expect(JSON.parse(input.stdout)).toMatchObject({
      cron: "30 2 * * *",
      everyMs: null,
      pauseOnFailures: null,
      job: { plugins: [{ name: "echo" }], input: { b: 2 } },
    });
    const named = await cli(["update", "cli-update", "--job", "-", "--json"], '{"name":"night"}');
    expect(JSON.parse(named.stdout).job).toMatchObject({ name: "night", input: { b: 2 } });
    const retry = ["--attempts", "3", "--retry-delay", "1m"];
    const retried = await cli(["update", "cli-update", ...retry, "--json"]);
    expect(JSON.parse(retried.stdout).job).toMatchObject({
      name: "night",
      retry: { attempts: 3, backoff: { delayMs: 60_000 } },
    });
    const delay = await cli(["update", "cli-update", "--retry-delay", "1m"]);
    expect(delay.stderr).toContain("--retry-delay needs --attempts");
    expect((await cli(["update", "cli-update"])).stderr).toContain("Nothing is to change");
    const both = await cli(["update", "cli-update", "--job", "-", "--name", "b"], "{}");
    expect(both.stderr).toContain("and not with both");
    const more = await cli(["update", "cli-update", "--job", "-", "--attempts", "2"], "{}");
    expect(more.stderr).toContain("and not with both");
    await send("DELETE", "/v1/schedules/cli-update");
  });

  test("a bad duration or a missing job is refused before the daemon is asked", async () => {
    const bad = await cli(["create", "x", "--every", "soon", "--plugin", "echo"]);
    expect(bad.stderr).toContain('--every is "soon": it must be a duration such as');
    expect((await cli(["create", "x", "--every", "5m"])).stderr).toContain(
      "Give the job with --job",
    );
    const both = await cli(["create", "x", "--every", "5m", "--job", "-", "--attempts", "2"], "{}");
    expect(both.stderr).toContain("and not with both");
  });
});
