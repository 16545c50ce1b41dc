/** "12 s ago", "in 3 min", "2 d ago": as on the command line. */
export function describeAgo(ms: number): string {
  const seconds = Math.round(Math.abs(ms) / 1_000);
  if (seconds < 5) return ms < 0 ? "now" : "just now";
  const amount = roughly(seconds);
  return ms < 0 ? `in ${amount}` : `${amount} ago`;
}

function roughly(seconds: number): string {
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}
