import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createMemorySessions } from "../../test/support/memory-sessions.ts";
import { createKnownTokens } from "../secrets/known-tokens.ts";
import { createLoginKey } from "../secrets/login-keys.ts";
import { createTokenFile } from "../secrets/token-file.ts";
import { createVault } from "../secrets/vault.ts";
import { openAccess } from "./open-access.ts";

const HOUR_MS = 60 * 60 * 1000;

test.each([
  ["behind", -HOUR_MS],
  ["ahead of", HOUR_MS],
])("a login link works where the database's clock is %s the machine's", async (_, difference) => {
  const dataDir = await mkdtemp(join(tmpdir(), "playground-access-"));
  onTestFinished(() => rm(dataDir, { recursive: true }));
  const added = { ...createTokenFile(dataDir), all: () => [] };
  const vault = createVault(randomBytes(32));
  const machineClock = { now: () => Date.parse("2026-11-29T12:00:00.000Z") };
  const { sessions, loginLink } = openAccess(
    { sessionDays: 1 },
    {
      stored: createMemorySessions(),
      tokens: createKnownTokens({ ownToken: "own-token-0123456789", added: added.all }),
      added,
      vault,
      clock: { now: () => machineClock.now() + difference },
      machineClock,
    },
  );
  const ofCommand = createLoginKey(vault, machineClock.now());
  const [, ofDaemon = ""] = loginLink("http://127.0.0.1:8787").split("#key=");
  for (const key of [ofCommand, ofDaemon]) {
    expect(await sessions.open({ key })).toMatchObject({ caller: { scope: "admin" } });
  }
});
