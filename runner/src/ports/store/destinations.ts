/** Deliveries of one destination share a window, a rate limit and a circuit (domain/destination). */
export interface DestinationSpec {
  /** The origin of jobs' own webhooks, or the id of a persistent one. */
  readonly key: string;
  readonly ratePerSecond: number | null;
}

/** A destination in which deliveries are due. */
export interface DueDestination extends DestinationSpec {
  readonly id: number;
}

export interface DestinationWrites {
  /** No delivery of the destination counts as due before the instant; an earlier one shortens the hold. */
  pauseDestination(request: { destination: number; until: number }): Promise<void>;
}

export interface DestinationReads {
  /** Destinations with deliveries due, the one that has waited longest first; `except` are left out. */
  dueDestinations(request: {
    now: number;
    limit: number;
    except: readonly number[];
  }): Promise<readonly DueDestination[]>;
  /** When the next destination has deliveries due, `except` left out; an instant gone by: now. */
  nextDestinationDue(request: { except: readonly number[] }): Promise<number | null>;
}
