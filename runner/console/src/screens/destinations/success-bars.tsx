import type { Destination } from "../../api/schema.ts";
import { MiniBars } from "../../parts/mini-bars.tsx";
import { now } from "../../parts/now.ts";
import { plural } from "../../parts/numbers.ts";
import { formatTime } from "../../preferences/time-zone.ts";

const HOUR_MS = 3_600_000;
const HOURS = 24;

/** What was delivered and given up in the last day, hour by hour. */
export function SuccessBars({ perHour }: Pick<Destination, "perHour">) {
  const found = new Map(perHour.map((hour) => [Date.parse(hour.at), hour]));
  const last = Math.floor(now.value / HOUR_MS) * HOUR_MS;
  const bars = Array.from({ length: HOURS }, (_, index) => {
    const at = last - (HOURS - 1 - index) * HOUR_MS;
    const { delivered = 0, failed = 0 } = found.get(at) ?? {};
    const time = formatTime(new Date(at), "minute");
    const label = `${time}: ${delivered} delivered, ${failed} given up`;
    return { total: delivered + failed, failed, label };
  });
  const delivered = perHour.reduce((sum, hour) => sum + hour.delivered, 0);
  const failed = perHour.reduce((sum, hour) => sum + hour.failed, 0);
  return (
    <MiniBars
      bars={bars}
      label={`${plural(delivered, "event")} delivered in 24 hours, ${failed} given up, by hour`}
    />
  );
}
