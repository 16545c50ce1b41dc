/**
 * Sessions in DATA_DIR/sessions.json, so that a restart of the daemon ends none. The file contains
 * only digests. A session's digest of its token includes the session's id, which nothing stores: the
 * file does not help to guess a token.
 */
import { randomBytes, timingSafeEqual } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Sessions } from "../ports/sessions.ts";
import type { KnownTokens } from "../ports/known-tokens.ts";
import type { TokenDigests } from "./known-tokens.ts";
import type { LoginKeys } from "./login-keys.ts";
import { replaceFile } from "./replace-file.ts";
import { digestOf, TokenName } from "./token-file.ts";

/** More sessions end the oldest ones. */
const MAX_SESSIONS = 1_000;

const Digest = z.string().regex(/^[\da-f]{64}$/);

const StoredSession = z.object({
  /** SHA-256 of the session's id. */
  id: Digest,
  tokenName: TokenName.nullable(),
  /** SHA-256 of the session's id and the token's digest. Another token under the name has another one. */
  token: Digest,
  expiresAt: z.int(),
});

type StoredSession = z.infer<typeof StoredSession>;

const SessionFile = z.object({ sessions: z.array(StoredSession) });

export interface SessionOptions {
  readonly dataDir: string;
  readonly tokens: KnownTokens & TokenDigests;
  readonly loginKeys: LoginKeys;
  readonly lifetimeMs: number;
  readonly now: () => number;
  /** Called when the file cannot be read. Then everybody must log in again. */
  readonly onError: (error: unknown) => void;
}

export function createSessions(options: SessionOptions): Sessions {
  const { dataDir, tokens, loginKeys, lifetimeMs, now } = options;
  const path = join(dataDir, "sessions.json");
  // Left behind by a daemon that was killed while it wrote. Only one uses the folder.
  rmSync(`${path}.new`, { force: true });
  const stored = new Map<string, StoredSession>();
  try {
    for (const session of readSessions(path)) stored.set(session.id, session);
  } catch (error) {
    options.onError(error);
  }
  let writing: Promise<unknown> = Promise.resolve();
  let nextWrite: Promise<void> | null = null;

  function toText(): string {
    for (const [id, { expiresAt }] of stored) {
      if (expiresAt <= now() || stored.size > MAX_SESSIONS) stored.delete(id);
    }
    return `${JSON.stringify({ sessions: [...stored.values()] })}\n`;
  }

  /** Changes during a write share the next one. */
  function write(): Promise<void> {
    nextWrite ??= writing.then(() => {
      nextWrite = null;
      const written = replaceFile(path, toText);
      writing = written.catch(() => {});
      return written;
    });
    return nextWrite;
  }

  return {
    find(id) {
      const session = stored.get(hexOf(id));
      if (session === undefined || session.expiresAt <= now()) return null;
      const known = tokens.named(session.tokenName);
      if (known === null) return null;
      const isSame = timingSafeEqual(bind(id, known.digest), Buffer.from(session.token, "hex"));
      return isSame ? { caller: known, expiresAt: session.expiresAt } : null;
    },
    async open(given) {
      const name = nameOf(given);
      const known = name === undefined ? null : tokens.named(name);
      if (known === null) return null;
      const id = randomBytes(32).toString("base64url");
      const expiresAt = now() + lifetimeMs;
      stored.set(hexOf(id), {
        id: hexOf(id),
        tokenName: known.name,
        token: bind(id, known.digest).toString("hex"),
        expiresAt,
      });
      await write().catch((error: unknown) => {
        stored.delete(hexOf(id));
        throw error;
      });
      return { id, caller: known, expiresAt };
    },
    async close(id) {
      if (stored.delete(hexOf(id))) await write();
    },
  };

  /** The name of the token that the credentials are for. Undefined for unknown credentials. */
  function nameOf(given: Parameters<Sessions["open"]>[0]): string | null | undefined {
    if ("token" in given) return tokens.find(given.token)?.name;
    return loginKeys.redeem(given.key) ? null : undefined;
  }
}

function hexOf(id: string): string {
  return digestOf(id).toString("hex");
}

function bind(id: string, tokenDigest: Buffer): Buffer {
  return digestOf(`${id}.${tokenDigest.toString("hex")}`);
}

function readSessions(path: string): readonly StoredSession[] {
  try {
    return SessionFile.parse(JSON.parse(readFileSync(path, "utf8"))).sessions;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
