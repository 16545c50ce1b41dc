/** What becomes of a request whose `debounce` key a waiting job has. */
import { arrayAt, debouncedRunAt, withArrayAt } from "../../domain/debounce.ts";
import { Refused } from "../../domain/errors.ts";
import { parseExact } from "../../domain/exact-number.ts";
import { toJsonText, type JsonText } from "../../domain/json-text.ts";
import type { PluginCatalog } from "../../ports/plugin-catalog.ts";
import type { NewJob, StoredJob, SubmitOutcome } from "../../ports/store/jobs.ts";
import type { Store } from "../../ports/store/store.ts";
import type { SubmitRequest } from "../requests.ts";
import type { DiskRoom } from "./disk-room.ts";
import { toNewJob, type NewJobDeps } from "./new-job.ts";

export interface MergeDeps extends NewJobDeps {
  readonly store: Pick<Store, "job" | "mergeJob">;
  readonly catalog: NewJobDeps["catalog"] & Pick<PluginCatalog, "checkInput">;
  /** The largest input that requests are collected in, in bytes. */
  readonly maxInputBytes: number;
  readonly diskRoom: DiskRoom;
}

/** A collected input with more values than a request can have is too large, as is one of more bytes. */
const MAX_VALUES = 1_000_000;

export type Merged =
  | SubmitOutcome
  /** The job has changed or begun: submit the request again. */
  | "again"
  /** The collected input would be refused as that of a request: the request opens a new window. */
  | "new-window";

/** Throws `Refused`: BODY_INVALID, if there is nothing to collect at the pointer. */
export function checkCollect({ debounce, input }: SubmitRequest): void {
  const pointer = debounce?.collect;
  if (pointer === undefined || arrayAt(input, pointer) !== null) return;
  const path = "/debounce/collect";
  const message = `is ${JSON.stringify(pointer)}: it must point to an array in the input`;
  throw new Refused("BODY_INVALID", `${path} ${message}.`, { issues: [{ path, message }] });
}

/**
 * Merges a request into the job that waits. `job` is what the request would be alone: room for its input is
 * taken. Throws `Refused`: DISK_FULL, if there is none for the collected input.
 */
export async function mergeRequest(
  request: SubmitRequest,
  { jobId, job }: { readonly jobId: string; readonly job: NewJob },
  deps: MergeDeps,
): Promise<Merged> {
  const waiting = await deps.store.job(jobId);
  const { key } = job;
  const until = waiting?.key?.until ?? null;
  if (waiting === null || key === undefined || request.debounce === undefined || until === null) {
    return "again";
  }
  const now = deps.clock.now();
  const input = collected(request, waiting);
  if (input !== null && !isAcceptable(input, request, deps)) return "new-window";
  // The whole input is written again.
  if (input !== null && !(await deps.diskRoom.take(input.length))) throw new Refused("DISK_FULL");
  const runAt = debouncedRunAt(request.debounce, { now, until });
  const merged = {
    ...toMerged(request, { waiting, job, input }, deps),
    id: jobId,
    createdAt: waiting.spec.createdAt,
    runAt,
    files: job.files ?? [],
  };
  const outcome = await deps.store.mergeJob(
    { jobId, fence: waiting.fence, owner: null },
    { job: merged, identity: key.identity, now, idempotency: job.idempotency },
  );
  if (outcome.kind === "changed") return "again";
  return outcome.kind === "merged" ? { kind: "held", id: jobId } : outcome;
}

/** The input with the items of the waiting job and of the request, or null if nothing is collected. */
function collected({ debounce, input }: SubmitRequest, { spec, key }: StoredJob): JsonText | null {
  const pointer = debounce?.collect;
  if (pointer === undefined) return null;
  const earlier = parseExact(spec.input);
  const items = [...(arrayAt(earlier, pointer) ?? []), ...(arrayAt(input, pointer) ?? [])];
  const base = key?.window?.mode === "first" ? earlier : input;
  return toJsonText(withArrayAt(base, pointer, items));
}

/** A separator in a string counts too: no exact count is needed. */
function isAcceptable(
  input: JsonText,
  { plugins }: SubmitRequest,
  { catalog, maxInputBytes }: MergeDeps,
): boolean {
  if (Buffer.byteLength(input) > maxInputBytes) return false;
  let values = 0;
  for (const _ of input.matchAll(/[,[{]/g)) values += 1;
  if (values > MAX_VALUES) return false;
  return catalog.checkInput(plugins[0]?.name ?? "", parseExact(input)).length === 0;
}

/** What the job is from now on, except for its id and its instants. */
function toMerged(
  request: SubmitRequest,
  {
    waiting,
    job,
    input,
  }: { readonly waiting: StoredJob; readonly job: NewJob; readonly input: JsonText | null },
  deps: MergeDeps,
): NewJob {
  if (waiting.key?.window?.mode !== "first") {
    if (input === null) return job;
    return { ...toNewJob({ ...request, input: parseExact(input) }, deps), webhook: job.webhook };
  }
  const { spec, webhook, tags } = waiting;
  return { ...spec, webhook, tags, idempotency: null, ...(input !== null && { input }) };
}
