const MASK = "***";

/** The URL without its password, for messages. */
export function maskUrl(url: string): string {
  let masked: URL;
  try {
    masked = new URL(url);
  } catch {
    // It is no URL: nothing of it can be shown safely.
    return MASK;
  }
  if (masked.password !== "") masked.password = MASK;
  if (masked.searchParams.has("password")) masked.searchParams.set("password", MASK);
  return masked.href;
}
