import type { Schedule } from "../../api/schema.ts";
import { formatDuration } from "../../parts/duration-text.ts";
import { Time } from "../../parts/time.tsx";

/** When the slots are: "30 2 * * * Europe/Berlin", "every 5 min", "once, 09:30". */
export function When({
  schedule: { cron, everyMs, at, timezone },
}: {
  readonly schedule: Schedule;
}) {
  if (cron !== null) {
    return (
      <span class="one-line">
        <span class="mono">{cron}</span> <span class="muted">{timezone}</span>
      </span>
    );
  }
  if (everyMs !== null) {
    return <span class="one-line">every {formatDuration(everyMs).replace(".0 ", " ")}</span>;
  }
  return (
    <span class="one-line">
      once, <Time at={at} />
    </span>
  );
}
