import { formatDuration } from "./duration-text.ts";
import { now } from "./now.ts";

interface DurationProps {
  readonly from: string | null;
  /** Null while it lasts. */
  readonly to: string | null;
}

/** From one time to another, or to now. */
export function Duration({ from, to }: DurationProps) {
  if (from === null) return <span class="faint">–</span>;
  const end = to === null ? now.value : Date.parse(to);
  return <span>{formatDuration(end - Date.parse(from))}</span>;
}
