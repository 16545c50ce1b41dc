import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createAccess, OWN_TOKEN, SESSION_MS, type Access } from "../../test/support/access.ts";
import { digestOf } from "./token-file.ts";
import type { Credentials } from "../ports/sessions.ts";
import { CLOCK_SKEW_MS, createLoginKey, LOGIN_KEY_LIFETIME_MS } from "./login-keys.ts";

let access: Access;
beforeEach(async () => void (access = await createAccess()));
afterEach(() => access.close());

async function open(given: Credentials = { token: OWN_TOKEN }): Promise<string> {
  const opened = await access.sessions.open(given);
  if (opened === null) throw new Error("The login was refused.");
  return opened.id;
}

const find = (id: string) => access.sessions.find(id);

test("a session acts for the token it was opened with", async () => {
  const token = await access.addToken("anna", "run");
  expect(find(await open())?.caller).toMatchObject({ name: null, scope: "admin" });
  const id = await open({ token });
  expect(find(id)).toMatchObject({
    caller: { name: "anna", scope: "run" },
    expiresAt: access.now() + SESSION_MS,
  });
});

test.each([{ token: "" }, { token: "own" }, { token: `${OWN_TOKEN} ` }, { key: OWN_TOKEN }])(
  "%j opens no session",
  async (given) => {
    expect(await access.sessions.open(given)).toBeNull();
  },
);

test("each login has an id of its own, and unknown and changed ids are no sessions", async () => {
  const [a, b] = [await open(), await open()];
  expect(a).not.toBe(b);
  for (const forged of ["", "x".repeat(43), a.slice(1), `${a}A`, a.toLowerCase(), OWN_TOKEN]) {
    expect(find(forged)).toBeNull();
  }
});

test("a session ends after its lifetime, which its use does not extend", async () => {
  const id = await open();
  access.pass(SESSION_MS - 1);
  expect(find(id)).not.toBeNull();
  access.pass(1);
  expect(find(id)).toBeNull();
});

test("a closed session stays closed after a restart, and the others go on", async () => {
  const [closed, kept] = [await open(), await open()];
  await access.sessions.close(closed);
  await access.sessions.close(closed);
  const { sessions } = access.start();
  expect(sessions.find(closed)).toBeNull();
  expect(sessions.find(kept)).toMatchObject({ caller: { name: null } });
});

test("a session ends with its token, and another token of the same name does not revive it", async () => {
  const id = await open({ token: await access.addToken("anna", "run") });
  await access.tokenList.remove("anna");
  expect(find(id)).toBeNull();
  await access.addToken("anna", "admin");
  expect(find(id)).toBeNull();
  expect(access.start().sessions.find(id)).toBeNull();
});

test("a new own token ends the sessions of the old one", async () => {
  const id = await open();
  expect(access.start({ ownToken: "another-token-0123456789" }).sessions.find(id)).toBeNull();
});

test("what is stored contains no token, no id, and no digest of a token", async () => {
  const add = vi.spyOn(access.stored, "add");
  const id = await open();
  const text = JSON.stringify(add.mock.calls);
  add.mockRestore();
  expect(text).toContain("expiresAt");
  expect(text).not.toContain(id);
  expect(text).not.toContain(OWN_TOKEN);
  const digest = access.tokens.named(null)?.digest.toString("hex") ?? "";
  expect(text).not.toContain(digest);
});

test("a session that cannot be stored is not open", async () => {
  const add = vi.spyOn(access.stored, "add").mockRejectedValue(new Error("The disk is full."));
  await expect(access.sessions.open({ token: OWN_TOKEN })).rejects.toThrow("The disk is full.");
  add.mockRestore();
});

test("a session that another daemon has opened just now is looked for before it is closed", async () => {
  const id = await open();
  const session = access.stored.get(digestOf(id).toString("hex"));
  let isKnown = false;
  const spies = [
    vi.spyOn(access.stored, "get").mockImplementation(() => (isKnown ? session : undefined)),
    vi.spyOn(access.stored, "look").mockImplementation(async () => void (isKnown = true)),
  ];
  await access.sessions.close(id);
  for (const spy of spies) spy.mockRestore();
  expect(find(id)).toBeNull();
});

test("the key of a link logs in once, as the daemon's own token", async () => {
  const key = access.createLoginKey();
  expect(find(await open({ key }))?.caller).toMatchObject({ name: null, scope: "admin" });
  expect(await access.sessions.open({ key })).toBeNull();
});

test.each([
  ["old", (key: string) => (access.pass(LOGIN_KEY_LIFETIME_MS), key)],
  ["from the future", (key: string) => (access.pass(-CLOCK_SKEW_MS - 1), key)],
  ["changed", (key: string) => `${key.slice(0, -6)}AAAAAA`],
  ["that is written in another way", (key: string) => `${key}\n`],
  ["cut", (key: string) => key.slice(0, -4)],
])("a key %s opens no second session", async (what, change) => {
  const key = access.createLoginKey();
  if (what.startsWith("that")) await open({ key });
  expect(await access.sessions.open({ key: change(key) })).toBeNull();
});

test("a key of a machine whose clock is ahead logs in once", async () => {
  const key = createLoginKey(access.vault, access.now() + CLOCK_SKEW_MS);
  await open({ key });
  access.pass(CLOCK_SKEW_MS);
  expect(await access.sessions.open({ key })).toBeNull();
});

test("a key that was made before the daemon started is refused, because it may have been used", async () => {
  const key = access.createLoginKey();
  access.pass(1);
  expect(await access.start().sessions.open({ key })).toBeNull();
});

test("what is sealed for the store is no key", async () => {
  const content = `${access.now()}.${"a".repeat(16)}`;
  const sealed = access.vault.seal(content, "webhook:wh_1");
  expect(await access.sessions.open({ key: Buffer.from(sealed).toString("base64url") })).toBeNull();
});
