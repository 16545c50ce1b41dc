/**
 * Reads messages of the bus. Any user of the database can send a notification, and a daemon of another
 * version can send what this one does not know.
 */
import { DELIVERY_STATES } from "../../domain/delivery.ts";
import { JOB_STATUSES } from "../../domain/job-spec.ts";
import type { BusMessage } from "../../ports/bus.ts";
import type { DeliveryChange, JobSignal, StepProgress } from "../../ports/job-signal.ts";
import type { Claim } from "../../ports/store/jobs.ts";
import type { Failure } from "../../domain/errors.ts";

type Check = (value: unknown) => boolean;
/** Every field must be checked: TypeScript rejects an object that lacks one. */
type Fields<T> = { readonly [Field in keyof Required<T>]: Check };

const isText: Check = (value) => typeof value === "string";
const isFlag: Check = (value) => typeof value === "boolean";
/** JSON such as 1e999 is read as Infinity. */
const isNumber: Check = (value) => Number.isFinite(value);
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;

const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const orMissing =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const oneOf =
  (values: readonly string[]): Check =>
  (value) =>
    values.includes(value as string);

function objectOf<T>(fields: Fields<T>): Check {
  const checks = Object.entries<Check>(fields);
  return (value) =>
    isObject(value) &&
    checks.every(([name, check]) => check(Object.hasOwn(value, name) ? value[name] : undefined));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Checks the fields that belong to the value's kind. */
function kindOf<T extends { readonly kind: string }>(kinds: {
  readonly [Kind in T["kind"]]: Omit<Fields<Extract<T, { kind: Kind }>>, "kind">;
}): Check {
  const checks = new Map(
    Object.entries<Readonly<Record<string, Check>>>(kinds).map(([kind, fields]) => [
      kind,
      objectOf(fields),
    ]),
  );
  return (value) => isObject(value) && (checks.get(value["kind"] as string)?.(value) ?? false);
}

const isProgress = objectOf<StepProgress>({
  fraction: orNull(isNumber),
  message: orNull(isText),
  at: isNumber,
});

const isSignal = kindOf<JobSignal>({
  changed: {
    status: oneOf(JOB_STATUSES),
    completedSteps: orMissing(isCount),
    startedAt: orMissing(isNumber),
    endedAt: orMissing(isNumber),
    failure: orMissing(objectOf<Failure>({ code: isText, message: isText })),
  },
  "step-progress": { progress: isProgress },
  logged: {},
  "batch-ended": {},
  removed: {},
});

const isMessage = kindOf<BusMessage>({
  jobs: {},
  due: {},
  paused: { destination: isCount, failuresInRow: isCount },
  "circuit-closed": { destination: isCount },
  resumed: { destination: isCount },
  batches: {},
  bulk: {},
  schedules: {},
  "webhook-off": {},
  tokens: {},
  sessions: {},
  secrets: {},
  job: { id: isText, signal: isSignal },
  delivery: {
    delivery: objectOf<DeliveryChange>({
      deliveryId: isText,
      subjectId: isText,
      kind: isText,
      state: oneOf(DELIVERY_STATES),
      attempts: isCount,
      dueAt: orNull(isNumber),
    }),
  },
  "claim-lost": {
    claim: objectOf<Claim>({ jobId: isText, fence: isCount, owner: orNull(isText) }),
  },
  watch: { ids: listOf(isText), everything: isFlag },
  missed: {},
});

/** Null if it is not a message that this daemon knows. */
export function parseMessage(value: unknown): BusMessage | null {
  return isMessage(value) ? (value as BusMessage) : null;
}
