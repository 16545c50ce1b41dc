/**
 * The reason of a failure without a code that its message repeats: "ECONNREFUSED: connect
 * ECONNREFUSED 10.0.0.1:80".
 */
export function toShortReason(reason: string | null): string {
  return (reason ?? "").replaceAll(/\b([A-Z][A-Z_]+): (?=[^.]*\b\1\b)/g, "");
}
