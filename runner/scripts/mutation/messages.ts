/** What `mutation.ts` asks of a slot, and what the slot returns. */
export interface TestsOfFile {
  file: string;
  /** The tests' full names, or null for all. */
  names: string[] | null;
}

export interface Request {
  /** Written before the tests run, and set back after them. */
  writes: { path: string; text: string }[];
  tests: TestsOfFile[];
  bail: boolean;
  cover: boolean;
  testTimeoutMs: number;
}

export interface TestRun {
  file: string;
  name: string;
  state: string;
  ms: number;
  probes: number[];
  message: string;
}

export interface Response {
  runs: TestRun[];
  /** Errors outside of a test. */
  faults: string[];
}
