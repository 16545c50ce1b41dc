import { Refused } from "../../domain/errors.ts";

/** Throws `Refused` with `WEBHOOK_URL_REFUSED`; `path` is where the URL is in the request. */
export function checkUrl(
  url: string,
  urlRefusal: (url: string) => string | null,
  path: string,
): void {
  const message = urlRefusal(url);
  if (message === null) return;
  throw new Refused("WEBHOOK_URL_REFUSED", `The webhook's URL is refused: ${message}.`, {
    issues: [{ path, message }],
  });
}
