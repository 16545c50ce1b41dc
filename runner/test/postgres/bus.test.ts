import { afterEach, beforeEach, expect, test } from "vitest";
import type { BusMessage } from "../../src/ports/bus.ts";
import { createPostgresBus, type PostgresBus } from "../../src/store/postgres/postgres-bus.ts";
import { systemClock } from "../../src/system/clock.ts";
import { createSchema, type Schema } from "../support/postgres/schema.ts";
import { createTestLog } from "../support/test-log.ts";

interface Member {
  readonly bus: PostgresBus;
  readonly heard: BusMessage[];
}

let schema: Schema;
let members: Member[] = [];

beforeEach(async () => {
  schema = await createSchema();
  members = [];
});

afterEach(async () => {
  await Promise.all(members.map(({ bus }) => bus.close()));
  await schema.release();
});

async function join({ name, url }: Schema = schema, lines: string[] = []): Promise<Member> {
  const bus = await createPostgresBus({
    url: `${url}&application_name=${name}`,
    schema: name,
    clock: systemClock,
    log: createTestLog((_, message) => void lines.push(message)),
    onTime: () => {},
  });
  const member: Member = { bus, heard: [] };
  bus.listen((message) => void member.heard.push(message));
  members.push(member);
  return member;
}

const resumed = (destination: number): BusMessage => ({ kind: "resumed", destination });

test("the others hear each message in its order, and the sender does not", async () => {
  const [a, b, c] = [await join(), await join(), await join()];
  const messages = Array.from({ length: 500 }, (_, n) => resumed(n));
  for (const message of messages) a.bus.send(message);
  await expect.poll(() => b.heard).toEqual(messages);
  await expect.poll(() => c.heard).toEqual(messages);
  expect(a.heard).toEqual([]);
});

test("daemons in another schema of the database hear nothing", async () => {
  const other = await createSchema();
  const [a, b, stranger] = [await join(), await join(), await join(other)];
  a.bus.send(resumed(1));
  stranger.bus.send(resumed(2));
  b.bus.send(resumed(3));
  await expect.poll(() => a.heard).toEqual([resumed(3)]);
  await expect.poll(() => b.heard).toEqual([resumed(1)]);
  expect(stranger.heard).toEqual([]);
  await other.release();
});

test("notifications of others are ignored, and logged once a minute", async () => {
  const lines: string[] = [];
  const [a, b] = [await join(schema, lines), await join()];
  const channel = `'playground_' || md5(current_schema())`;
  for (const payload of ["x 5", "x null", "hello", `x [{"kind":"watch"}]`, `x [{"kind":"job"}]`]) {
    await schema.query(`SELECT pg_notify(${channel}, $1)`, [payload]);
  }
  b.bus.send(resumed(1));
  await expect.poll(() => a.heard).toEqual([resumed(1)]);
  expect(lines.filter((line) => line === "bus.ignored")).toHaveLength(1);
});

test("when its connection was lost it connects again, and everybody looks at everything", async () => {
  const [a, b] = [await join(), await join()];
  await schema.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1`,
    [schema.name],
  );
  for (const { heard } of [a, b]) {
    await expect.poll(() => heard).toContainEqual({ kind: "missed" });
  }
  await expect.poll(() => [a.bus.state(), b.bus.state()]).toEqual(["up", "up"]);
  a.bus.send(resumed(2));
  await expect.poll(() => b.heard).toContainEqual(resumed(2));
});

test("a server that does not answer any more is noticed", async () => {
  const a = await join();
  const [backend] = await schema.query<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity WHERE application_name = $1`,
    [schema.name],
  );
  const pid = backend?.pid;
  if (pid === undefined) throw new Error("The bus has no session.");
  process.kill(pid, "SIGSTOP");
  try {
    const waiting = { timeout: 15_000 };
    await expect.poll(() => a.heard, waiting).toContainEqual({ kind: "missed" });
    expect(a.bus.state()).toBe("up");
  } finally {
    process.kill(pid, "SIGCONT");
  }
}, 40_000);

test("what is sent before it is closed is heard", async () => {
  const [a, b] = [await join(), await join()];
  a.bus.send(resumed(1));
  a.bus.send(resumed(2));
  await a.bus.close();
  await expect.poll(() => b.heard).toEqual([resumed(1), resumed(2)]);
});
