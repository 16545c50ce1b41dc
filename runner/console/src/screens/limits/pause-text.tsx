import type { Limit } from "../../api/schema.ts";
import { Time } from "../../parts/time.tsx";

/** "until 14:05, by ops", "until it is resumed". */
export function PauseText({
  pause: { until, by },
}: {
  readonly pause: NonNullable<Limit["paused"]>;
}) {
  return (
    <>
      until {until === null ? "it is resumed" : <Time at={until} />}
      {by !== null && (
        <>
          , by <span class="break">{by}</span>
        </>
      )}
    </>
  );
}
