/** The logins of browsers at daemons that share a database, each request at any of them. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Daemon } from "../support/daemon.ts";
import { shareDatabase, urlOf, type SharedDaemons } from "../support/postgres/daemons.ts";
import { createSchema, type Schema } from "../support/postgres/schema.ts";
import { until } from "../support/until.ts";

let schema: Schema;
let shared: SharedDaemons;
let one: Daemon;
let two: Daemon;

beforeAll(async () => {
  schema = await createSchema();
  shared = await shareDatabase(urlOf(schema));
  [one, two] = [await shared.start(), await shared.start()];
});
afterAll(async () => {
  await shared?.close();
  await schema?.release();
});

async function logIn({ url }: Daemon, token = one.token): Promise<{ cookie: string }> {
  const response = await fetch(`${url}/v1/session`, {
    method: "POST",
    headers: { "content-type": "application/json", "sec-fetch-site": "same-origin" },
    body: JSON.stringify({ token }),
  });
  expect(response.status).toBe(200);
  const [pair = ""] = (response.headers.get("set-cookie") ?? "").split(";");
  // Its name contains the port. Behind a load balancer all daemons have one.
  return { cookie: pair.replace(/^playground_session_\d+=/, "") };
}

async function ask({ url }: Daemon, { cookie }: { cookie: string }, method = "GET") {
  const name = `playground_session_${new URL(url).port}`;
  const headers = { "sec-fetch-site": "same-origin", cookie: `${name}=${cookie}` };
  return (await fetch(`${url}/v1/session`, { method, headers })).status;
}

test("a browser that has logged in at one daemon is logged in at the other with its next request", async () => {
  for (let n = 0; n < 20; n += 1) {
    const session = await logIn(n % 2 === 0 ? one : two);
    const other = n % 2 === 0 ? two : one;
    expect(await ask(other, session)).toBe(200);
  }
});

test("a logout ends the session at all daemons, whichever was asked", async () => {
  const session = await logIn(one);
  expect(await ask(two, session, "DELETE")).toBe(204);
  await until("the end of the session", async () => (await ask(one, session)) === 401);
  expect(await ask(two, session)).toBe(401);
});

test("a session ends at all daemons when its token is removed at one", async () => {
  const headers = { authorization: `Bearer ${one.token}`, "content-type": "application/json" };
  const added = await fetch(`${one.url}/v1/tokens`, {
    method: "POST",
    headers,
    body: JSON.stringify({ name: "anna", scope: "read" }),
  });
  const { token } = (await added.json()) as { token: string };
  const session = await logIn(one, token);
  await until("the other daemon knows the token", async () => (await ask(two, session)) === 200);
  await fetch(`${two.url}/v1/tokens/anna`, {
    method: "DELETE",
    headers: { authorization: headers.authorization },
  });
  await until("the end of the session", async () => (await ask(one, session)) === 401);
  expect(await ask(two, session)).toBe(401);
});

test("a daemon that starts later knows the sessions, and forged ones are refused", async () => {
  const session = await logIn(one);
  const three = await shared.start();
  expect(await ask(three, session)).toBe(200);
  const forged = await Promise.all(
    Array.from({ length: 100 }, (_, n) => ask(three, { cookie: String(n).padStart(43, "x") })),
  );
  expect(new Set(forged)).toEqual(new Set([401]));
});
