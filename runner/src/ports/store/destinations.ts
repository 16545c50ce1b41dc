import type { DestinationHealth } from "../../domain/hold.ts";
import type { Page, Paged } from "./page.ts";

/**
 * Deliveries to one destination share a rate limit, a pause and a circuit breaker
 * (domain/destination). A destination is created with its first webhook and deleted with its last.
 */
export interface DestinationSpec {
  /** The URL's origin for a webhook of a job or batch; the webhook's id for a persistent one. */
  readonly key: string;
  /** Attempts a second; null for no limit. The destination has the rate that was stored last. */
  readonly ratePerSecond: number | null;
}

/** A destination with deliveries that are due. */
export interface DueDestination extends DestinationSpec {
  /** Never used again, not even after the destination was deleted. */
  readonly id: number;
  /** Failed attempts since the last success. From five on, its circuit is open. */
  readonly failuresInRow: number;
}

/** A destination as operators see it. */
export interface StoredDestination extends DestinationSpec {
  readonly id: string;
  /** The id in `DueDestination`. */
  readonly number: number;
  /** Whether it is that of a persistent webhook, whose id is then the key. */
  readonly isPersistent: boolean;
  readonly health: DestinationHealth;
  /** How many deliveries are due and not in flight, up to 1,000. */
  readonly backlog: number;
}

export interface DestinationReads {
  /** Returns a destination, or null. */
  destination(id: string): Promise<StoredDestination | null>;
  /** Returns the destination of a persistent webhook or an origin, or null. */
  destinationByKey(key: string): Promise<StoredDestination | null>;
  /** Returns destinations, the oldest first. Throws `Refused` for a cursor that no page returned. */
  destinations(page: Page): Promise<Paged<StoredDestination>>;
  /**
   * Returns up to `limit` destinations with deliveries due at `now`, except those in `except` and
   * those whose webhook is paused or off. Deliveries in flight do not count.
   *
   * The destination that has been due for longest comes first. A destination is due from the
   * earliest due time of its deliveries, the end of its pause, or the instant it was last served,
   * whichever is latest. Ties are broken by who was served least recently, then by who was created
   * first.
   */
  dueDestinations(request: {
    now: number;
    limit: number;
    except: readonly number[];
  }): Promise<readonly DueDestination[]>;
  /**
   * Returns the instant from which the next destination is due, with the exceptions of
   * `dueDestinations`, or null when none will be. An instant in the past means that one is due now.
   */
  nextDestinationDue(request: { except: readonly number[] }): Promise<number | null>;
}
