import { Refused } from "../../domain/errors.ts";

/** Throws `Refused`: WEBHOOK_URL_REFUSED. `path` is the URL's JSON Pointer in the request. */
export function checkUrl(
  url: string,
  urlRefusal: (url: string) => string | null,
  path: string,
): void {
  const message = urlRefusal(url);
  if (message === null) return;
  throw new Refused(
    "WEBHOOK_URL_REFUSED",
    `The daemon is not allowed to connect to the webhook's URL: ${message}.`,
    {
      issues: [{ path, message }],
    },
  );
}
