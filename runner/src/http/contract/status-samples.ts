/** The examples of the routes about the daemon's state. */
export const SAMPLE_STATUS = {
  version: "0.1.0",
  startedAt: "2026-11-23T06:00:00.000Z",
  now: "2026-11-23T09:30:00.000Z",
  threads: { total: 4, busy: 3 },
  jobs: {
    queued: 12,
    running: 3,
    scheduled: 2,
    waiting: 0,
    oldestQueuedAt: "2026-11-23T09:29:58.000Z",
  },
  last24h: {
    submitted: 5160,
    completed: 5120,
    failed: 37,
    cancelled: 2,
    delivered: 15_401,
    deliveredFirstTry: 15_377,
    deliveryFailed: 4,
  },
  deliveries: { pending: 212, failed: 4 },
  webhooks: { total: 3, off: 0, paused: 0 },
  plugins: { total: 14, broken: 0 },
  destinations: { behind: 1 },
  memory: {
    daemonBytes: 91_226_112,
    executorBytes: 178_257_920,
    executorLimitBytes: 2_147_483_648,
  },
  database: { bytes: 52_428_800, freeBytes: 4_096_000 },
  disk: { freeBytes: 53_687_091_200 },
  daemons: [
    {
      isThis: true,
      isUp: true,
      host: "worker-1",
      processId: 812,
      version: "0.1.0",
      startedAt: "2026-11-23T06:00:00.000Z",
      threads: 4,
      plugins: ["csv-profile", "text-chunk"],
    },
  ],
  limits: [{ name: "queue", used: 12, max: 100_000 }],
  problems: [
    {
      kind: "destination-failing" as const,
      severity: "error" as const,
      message: "https://hooks.example.com answers with status 503. 212 events wait.",
      target: { destinationId: "dst_7" },
      since: "2026-11-23T09:02:11.000Z",
      until: "2026-11-23T09:30:48.000Z",
      count: 212,
    },
  ],
};

export const SAMPLE_STATS = {
  from: "2026-11-23T09:29:00.000Z",
  to: "2026-11-23T09:30:00.000Z",
  stepMs: 60_000,
  points: [
    {
      at: "2026-11-23T09:29:00.000Z",
      submitted: 120,
      completed: 117,
      failed: 2,
      cancelled: 0,
      delivered: 352,
      deliveredFirstTry: 351,
      deliveryFailed: 0,
      queueWaitP95Ms: 21,
    },
  ],
};

export const SAMPLE_PLUGIN_STATS = {
  from: "2026-11-22T10:00:00.000Z",
  to: "2026-11-23T09:30:00.000Z",
  plugins: [
    {
      name: "csv-profile",
      runs: 406,
      failed: 3,
      medianMs: 87,
      p95Ms: 420,
      perHour: [{ at: "2026-11-23T09:00:00.000Z", runs: 406, failed: 3 }],
    },
  ],
};
