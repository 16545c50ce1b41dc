import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createWorld, type EngineInTest, type World } from "../../../test/support/engine.ts";
import { JOININGS, startTwoDaemons } from "../../../test/support/two-daemons.ts";

const VALUE = "sk-0123456789-abcdef";

describe("secrets", () => {
  let world: World;
  let started: EngineInTest;
  let rechecks = 0;
  beforeEach(async () => {
    rechecks = 0;
    world = await createWorld();
    started = await world.startEngine({
      listed: ["first", "second"],
      declared: { first: ["API_KEY", "OTHER"], second: ["API_KEY"] },
      secretVariables: { OTHER: "PLAYGROUND_SECRET_OTHER_FILE" },
      recheckSecrets: () => void (rechecks += 1),
    });
  });
  afterEach(() => world.close());

  const set = (name: string, value = VALUE) => started.engine.secrets.set(name, value, "ops");

  test("have their value as soon as they are set, and the catalog is told", async () => {
    expect(started.storedSecrets.find("API_KEY")).toBeNull();
    expect(await set("API_KEY")).toMatchObject({ outcome: "created" });
    expect(started.storedSecrets.find("API_KEY")).toEqual({ value: VALUE });
    expect(await set("API_KEY", "another value")).toMatchObject({ outcome: "changed" });
    expect(started.storedSecrets.find("API_KEY")).toEqual({ value: "another value" });
    await started.engine.secrets.remove("API_KEY", null);
    expect(started.storedSecrets.find("API_KEY")).toBeNull();
    expect(rechecks).toBe(3);
  });

  test("are stored sealed for their own row", async () => {
    await set("API_KEY");
    const [row] = await world.store.sealedSecrets();
    expect(row?.sealed).toMatch(/^v2:/);
    // Under another name, the row does not open.
    const request = { now: 1, maxSecrets: 10 };
    await world.store.setSecret({ name: "STOLEN", sealed: row?.sealed ?? "" }, request);
    await started.engine.secrets.refresh();
    expect(started.storedSecrets.find("STOLEN")).toEqual({
      error: expect.stringContaining("The secret STOLEN cannot be decrypted"),
    });
    expect(started.storedSecrets.find("API_KEY")).toEqual({ value: VALUE });
  });

  test("are listed with where the value is from and who declares them", async () => {
    const never = { createdAt: null, updatedAt: null };
    const now = (): number => world.clock.now();
    await set("UNUSED");
    expect(await started.engine.secrets.list()).toEqual([
      {
        name: "API_KEY",
        source: "missing",
        variable: null,
        plugins: ["first", "second"],
        ...never,
      },
      {
        name: "OTHER",
        source: "environment",
        variable: "PLAYGROUND_SECRET_OTHER_FILE",
        plugins: ["first"],
        ...never,
      },
      {
        name: "UNUSED",
        source: "stored",
        variable: null,
        plugins: [],
        createdAt: now(),
        updatedAt: now(),
      },
    ]);
    const { secret } = await set("OTHER");
    expect(secret).toMatchObject({ source: "environment", createdAt: now() });
  });

  test("are logged with the name of the token, and never with the value", async () => {
    await set("API_KEY");
    await started.engine.secrets.remove("API_KEY", "ops");
    const fields = { secret: "API_KEY", token: "ops" };
    const lines = started.logged.filter(({ message }) => message.startsWith("secret."));
    expect(lines).toEqual([
      { message: "secret.set", fields: { ...fields, outcome: "created" } },
      { message: "secret.removed", fields },
    ]);
  });

  test.each([
    ["api-key", "SECRET_NAME_INVALID", /"api-key": it must be capital letters.*such as API_KEY/],
    ["KEY", "SECRET_NAME_INVALID", /PLAYGROUND_SECRET_KEY is a setting/],
    ["A_FILE", "SECRET_NAME_INVALID", /must not end with _FILE/],
  ])("with the name %j are refused with what is right", async (name, code, message) => {
    const refused = expect.objectContaining({ code, message: expect.stringMatching(message) });
    await expect(set(name)).rejects.toEqual(refused);
    expect(await world.store.secrets()).toEqual([]);
  });

  test("that do not exist cannot be removed, and more than 1,000 not set", async () => {
    await expect(started.engine.secrets.remove("NONE", null)).rejects.toMatchObject({
      code: "SECRET_NOT_FOUND",
    });
    const request = { now: 1, maxSecrets: 1_000 };
    for (let n = 0; n < 1_000; n += 1) {
      void world.store.setSecret({ name: `S${n}`, sealed: "v2:" }, request);
    }
    await expect(set("API_KEY")).rejects.toMatchObject({ code: "SECRET_LIMIT" });
    expect(await set("S1")).toMatchObject({ outcome: "changed" });
  });

  test("that a failed read has missed are read by the loop", async () => {
    let fails = false;
    const { engine, storedSecrets, logged } = await world.startEngine({
      intercept: (store) => ({
        ...store,
        setSecret: (...args) => store.setSecret(...args),
        sealedSecrets: () => (fails ? Promise.reject(new Error("down")) : store.sealedSecrets()),
      }),
    });
    fails = true;
    await engine.secrets.set("API_KEY", VALUE, null);
    expect(logged.map(({ message }) => message)).toContain("secrets.not-read");
    fails = false;
    await world.runUntil(world.clock.now() + 5_000);
    expect(storedSecrets.find("API_KEY")).toEqual({ value: VALUE });
  });
});

describe.each(JOININGS)("two daemons $name", ({ buses, withinMs }) => {
  test("both have a secret that one of them set, changed or removed", async () => {
    let rechecks = 0;
    const { first, second, reach, world } = await startTwoDaemons(buses(), {
      second: { recheckSecrets: () => void (rechecks += 1) },
    });
    const known = async (what: string, expected: object | null) => {
      const tookMs = await reach(what, () => {
        const found = second.storedSecrets.find("API_KEY");
        return JSON.stringify(found) === JSON.stringify(expected);
      });
      expect(tookMs).toBeLessThanOrEqual(withinMs);
    };
    await first.engine.secrets.set("API_KEY", VALUE, null);
    await known("the value", { value: VALUE });
    await first.engine.secrets.set("API_KEY", "another value", null);
    await known("the other value", { value: "another value" });
    await first.engine.secrets.remove("API_KEY", null);
    await known("the removal", null);
    expect(rechecks).toBe(3);
    await world.close();
  });
});
