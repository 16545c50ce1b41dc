/** Real tokens and sessions in a temporary data folder and in memory, with a clock that the test sets. */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Scope } from "../../src/domain/scope.ts";
import { createKnownTokens } from "../../src/secrets/known-tokens.ts";
import { createLoginKey, createLoginKeys } from "../../src/secrets/login-keys.ts";
import { createSessions } from "../../src/secrets/sessions.ts";
import { createTokenFile } from "../../src/secrets/token-file.ts";
import { createTokenList } from "../../src/secrets/token-list.ts";
import { watchTokenFile } from "../../src/secrets/watched-token-file.ts";
import { createVault } from "../../src/secrets/vault.ts";
import { createMemorySessions } from "./memory-sessions.ts";

export const OWN_TOKEN = "own-token-0123456789";
export const SESSION_MS = 60 * 60 * 1000;

export type Access = Awaited<ReturnType<typeof createAccess>>;

export async function createAccess() {
  const dataDir = await mkdtemp(join(tmpdir(), "playground-access-"));
  const vault = createVault(randomBytes(32));
  const stored = createMemorySessions();
  const errors: unknown[] = [];
  let time = Date.parse("2026-11-23T09:30:00.000Z");
  const now = (): number => time;
  const onError = (error: unknown): void => void errors.push(error);

  /** The parts as a start of the daemon creates them. */
  function start({ ownToken = OWN_TOKEN } = {}) {
    const tokens = createKnownTokens({ ownToken, added: watchTokenFile({ dataDir, onError }) });
    const loginKeys = createLoginKeys(vault, now);
    const sessions = createSessions({ stored, tokens, loginKeys, lifetimeMs: SESSION_MS, now });
    return { tokens, tokenList: createTokenList(createTokenFile(dataDir)), sessions };
  }

  return {
    dataDir,
    stored,
    errors,
    start,
    ...start(),
    vault,
    now,
    createLoginKey: () => createLoginKey(vault, time),
    addToken: (name: string, scope: Scope) =>
      createTokenList(createTokenFile(dataDir)).add({
        name,
        scope,
        createdAt: new Date(time).toISOString(),
      }),
    pass: (ms: number) => void (time += ms),
    close: () => rm(dataDir, { recursive: true, force: true }),
  };
}
