import type { FastifyInstance, FastifyRequest } from "fastify";
import { Refused } from "../../domain/errors.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Caller } from "../../ports/known-tokens.ts";
import type { Sessions } from "../../ports/sessions.ts";
import { VERSION } from "../../version.ts";
import { BEARER, isSameOrigin, refuseOrigin } from "../auth.ts";
import { getSession, logIn, logOut, type Session } from "../contract/session.ts";
import { createLoginLimit } from "../login-limit.ts";
import { mount } from "../mount.ts";
import { createSessionCookie, sessionIds } from "../session-cookie.ts";

export interface SessionDeps {
  readonly sessions: Sessions;
  readonly clock: Pick<Clock, "monotonic">;
  readonly publicUrl: string | undefined;
  readonly basePath: string;
  readonly sessionMs: number;
  readonly environment: string | undefined;
}

export function registerSession(app: FastifyInstance, deps: SessionDeps): void {
  const { sessions } = deps;
  const cookie = createSessionCookie(deps);
  const limit = createLoginLimit(() => deps.clock.monotonic());

  function toView({ name, scope }: Caller, expiresAt: number | null): Session {
    return {
      name,
      scope,
      expiresAt: expiresAt === null ? null : new Date(expiresAt).toISOString(),
      version: VERSION,
      environment: deps.environment ?? null,
    };
  }

  async function closeOld({ headers }: FastifyRequest): Promise<void> {
    for (const id of sessionIds(headers)) await sessions.close(id);
  }

  mount(app, logIn, async (request, reply) => {
    // A program says nothing about its origin, and has no cookie that a web page could use.
    if (request.headers["sec-fetch-site"] !== undefined && !isSameOrigin(request)) {
      throw refuseOrigin(request);
    }
    limit.check(request.ip);
    const { token, key = "" } = request.body;
    const opened = await sessions.open(token === undefined ? { key } : { token });
    if (opened === null) {
      limit.failed(request.ip);
      reply.header("www-authenticate", BEARER);
      throw new Refused(
        "UNAUTHORIZED",
        token === undefined
          ? "The key is unknown, was used before, or is older than ten minutes. `playground-runner login-link` prints another link."
          : "The token is unknown or was removed.",
      );
    }
    await closeOld(request);
    const { caller, expiresAt, id } = opened;
    request.caller = caller;
    return reply
      .header("set-cookie", cookie.set(request.headers, id))
      .send(toView(caller, expiresAt));
  });

  mount(app, getSession, async ({ caller, session }) =>
    toView(caller!, session?.expiresAt ?? null),
  );

  mount(app, logOut, async (request, reply) => {
    await closeOld(request);
    return reply.code(204).header("set-cookie", cookie.clear(request.headers)).send();
  });
}
