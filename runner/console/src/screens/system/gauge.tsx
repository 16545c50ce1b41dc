import { formatCount, formatPercent } from "../../parts/numbers.ts";

interface GaugeProps {
  readonly name: string;
  readonly used: number;
  /** Null when there is no limit. */
  readonly max: number | null;
  readonly format?: (value: number) => string;
  readonly note?: string;
  /** Whether it is fine to use all of it. */
  readonly isFine?: boolean;
}

/** From this part of a limit on, someone should look. */
const NEAR = 0.8;

/** How much of something is used, and how near its limit that is. */
export function Gauge({ name, used, max, format = formatCount, note, isFine }: GaugeProps) {
  const part = max === null || max === 0 ? 0 : Math.min(1, used / max);
  const isNear = part >= NEAR && isFine !== true;
  return (
    <div class={isNear ? "gauge near" : "gauge"}>
      <div class="k">{name}</div>
      <div class="v">
        {format(used)}
        {max !== null && <span class="faint"> of {format(max)}</span>}
      </div>
      {max !== null && <meter value={part} aria-label={`${name}, ${formatPercent(part)} used`} />}
      {isNear && <div class="bad-text small">{formatPercent(part)}, near the limit</div>}
      {note !== undefined && <div class="muted small">{note}</div>}
    </div>
  );
}
