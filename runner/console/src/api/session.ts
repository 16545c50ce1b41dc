/** Who is logged in. The session itself is a cookie that scripts cannot read. */
import { signal } from "@preact/signals";
import { place, replaceWith } from "../router.ts";
import { announceFailure } from "../parts/toasts.tsx";
import { call, whenUnauthorized } from "./request.ts";
import type { Session } from "./schema.ts";

/** Undefined until it is known. Null when nobody is logged in. */
export const session = signal<Session | null | undefined>(undefined);

/** Says that this browser had a session. Without it the first visit would ask in vain. */
const HINT = `playground.session ${new URL(".", document.baseURI).pathname}`;

/** Uses the one-use key of `#key=…`, the link that the daemon prints, or the session of the cookie. */
export async function openSession(): Promise<void> {
  whenUnauthorized(() => {
    localStorage.removeItem(HINT);
    session.value = null;
  });
  const key = /^#key=([^&]+)/.exec(location.hash)?.[1];
  if (key !== undefined) {
    replaceWith("#/");
    await logIn({ key: decodeURIComponent(key) }).catch((error: unknown) => {
      session.value = null;
      announceFailure(error);
    });
    return;
  }
  if (localStorage.getItem(HINT) === null || place.value.parts[0] === "login") {
    session.value = null;
    return;
  }
  session.value = await call("GET /v1/session").catch(() => null);
}

/** Throws ApiError when the token or the key is refused. */
export async function logIn(credential: { token: string } | { key: string }): Promise<void> {
  session.value = await call("POST /v1/session", { body: credential });
  localStorage.setItem(HINT, "1");
  // Where `/docs` sends a browser without a session. Nothing else is accepted.
  if (place.value.query.get("next") === "docs") location.href = "docs";
  else if (place.value.parts[0] === "login") replaceWith("#/");
}

export async function logOut(): Promise<void> {
  await call("DELETE /v1/session").catch(() => undefined);
  localStorage.removeItem(HINT);
  session.value = null;
}

const RANK = { read: 0, run: 1, admin: 2 } as const;

/** Whether the session's token has the scope. The daemon checks it again. */
export function mayI(scope: keyof typeof RANK): boolean {
  const mine = session.value?.scope;
  return mine !== undefined && RANK[mine] >= RANK[scope];
}
