const MASK = "***";

/** The parameters that say where the database is. Others can be a part of the password. */
const SHOWN: ReadonlySet<string> = new Set(["host", "port", "user", "options", "sslmode"]);

/** The URL without its password, for messages. One whose parts are not certain is not shown at all. */
export function maskUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || hasUncertainParts(text, url)) return MASK;
  if (url.password !== "") url.password = MASK;
  for (const name of new Set(url.searchParams.keys())) {
    if (!SHOWN.has(name)) url.searchParams.delete(name);
  }
  return url.href;
}

/**
 * Whether what follows the host can be the rest of a password that is not percent-encoded: in
 * `postgres://me:1/x@host/db` the host is `me`, and in `postgres://me:1#x@host/db` too.
 */
export function hasUncertainParts(text: string, url: URL): boolean {
  if (!/^postgres(?:ql)?:\/\//i.test(text)) return true;
  return url.hash !== "" || `${url.pathname}${url.search}`.includes("@");
}
