/** Deliveries of one lane share a window, a rate limit and a circuit (domain/lane). */
export interface LaneSpec {
  /** The origin of jobs' own webhooks, or the id of a persistent one. */
  readonly key: string;
  readonly ratePerSecond: number | null;
}

/** A lane in which deliveries are due. */
export interface DueLane extends LaneSpec {
  readonly id: number;
}

export interface DestinationWrites {
  /** No delivery of the lane counts as due before the instant; an earlier one shortens the hold. */
  holdLane(request: { lane: number; until: number }): Promise<void>;
}

export interface DestinationReads {
  /** Lanes with deliveries due, the one that has waited longest first; `except` are left out. */
  dueLanes(request: {
    now: number;
    limit: number;
    except: readonly number[];
  }): Promise<readonly DueLane[]>;
  /** When the next lane has deliveries due, `except` left out; an instant gone by: now. */
  nextLaneDue(request: { except: readonly number[] }): Promise<number | null>;
}
