/**
 * Parses a `Last-Event-ID` header. One that no stream of the daemon has sent starts a stream at its
 * beginning, so that no event is missed.
 */
export function parseEventId(header: string | string[] | undefined): number {
  const text = String(header ?? "");
  return /^\d{1,16}$/.test(text) ? Number(text) : 0;
}
