import type { Clock } from "../ports/clock.ts";

/** A server's instant, and two monotonic ones between which it was measured. */
export interface MeasuredTime {
  readonly now: number;
  readonly from: number;
  readonly to: number;
}

/** A clock that can be set to that of a server. Between two settings it runs as the machine does. */
export interface AdjustedClock extends Clock {
  setTo(time: MeasuredTime): void;
}

/** Until it is set, it is `clock`. */
export function createAdjustedClock(clock: Clock): AdjustedClock {
  let offset: number | null = null;
  return {
    ...clock,
    now: () => (offset === null ? clock.now() : Math.floor(clock.monotonic() + offset)),
    setTo({ now, from, to }) {
      // The server read its clock at some time between. An answer that took long says little: it
      // moves the clock only as far as is certain.
      const [least, most] = [now - to, now - from];
      offset = offset === null ? (least + most) / 2 : Math.min(Math.max(offset, least), most);
    },
  };
}
