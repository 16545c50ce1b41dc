/**
 * Keeps one executor alive and gives it steps. When the executor ends, whatever the reason, every
 * step that it was running is interrupted, and a new executor starts immediately. The delay grows
 * while executors end before they are ready.
 *
 * Two kinds of executors exist beside the current one. A drained executor gets no further step and
 * ends with its last one. A step's last attempt has an executor to itself: whatever ends that
 * executor, no other step is interrupted, and no other step can be the cause.
 */
import type { StepOutcome } from "../pool/messages.ts";
import type { Clock } from "../ports/clock.ts";
import type { StepHooks, StepInterrupted } from "../ports/plugin-pool.ts";
import { startExecutor, type Executor, type ExecutorEnding } from "./executor.ts";
import { memoryAction, totalMb, type MemoryAction, type MemoryUser } from "./memory-policy.ts";
import type { ExecutorSettings, ExecutorTask } from "./messages.ts";
import type { RunEnd } from "./open-runs.ts";
import { createRestartDelay } from "./restart-delay.ts";
import { createRoom } from "./room.ts";

/** Time that the steps of a drained executor have before it is killed. */
const DRAIN_LIMIT_MS = 30_000;

export interface ExecutorEnd {
  readonly pid: number | undefined;
  /** The exit code or the signal. */
  readonly how: string;
  readonly interruptedSteps: number;
  /** How long until the next executor starts. */
  readonly restartInMs: number;
}

/** Why an executor gets no further step. */
export interface ExecutorDrain {
  readonly pid: number | undefined;
  readonly reason: "memory" | "native-work";
  /** The resident memory of all executors, in MiB. */
  readonly usedMb: number;
}

export interface SupervisorOptions {
  readonly settings: ExecutorSettings;
  /** Limit of the resident memory of all executors together. */
  readonly memoryMb: number;
  readonly clock: Pick<Clock, "monotonic" | "sleep">;
  readonly onEnd: (end: ExecutorEnd) => void;
  readonly onDrain: (drain: ExecutorDrain) => void;
  readonly onOutput: (text: string) => void;
}

export interface Supervisor {
  /** Waits for an executor that is ready. */
  run(task: ExecutorTask, hooks: StepHooks): Promise<StepOutcome | StepInterrupted>;
  /** The resident memory of all executors, in MiB. */
  usedMb(): number;
  /** Says that the executors' threads can have old modules loaded. */
  markStale(): void;
  /** Ends all executors. Steps that have not ended fail with CANCELLED. */
  close(): Promise<void>;
}

/** An executor that has not ended. */
interface Member extends MemoryUser {
  readonly executor: Executor;
  isDraining: boolean;
  actedAt: number | null;
  killTimer?: NodeJS.Timeout;
}

export function createSupervisor(options: SupervisorOptions): Supervisor {
  const { settings, memoryMb } = options;
  const members = new Set<Member>();
  const closing = new AbortController();
  const restartDelay = createRestartDelay(options.clock);
  const room = createRoom(members, memoryMb);
  let current: Member | null = start({ isAlone: false });

  function start({ isAlone }: { isAlone: boolean }): Member {
    const executor = startExecutor(isAlone ? { ...settings, threads: 1 } : settings, {
      // Zombies end only with their executor.
      onOrphans: () => drain(member, null),
      onStuck: () => drain(member, "native-work"),
      onMemory: takeBackMemory,
      onStepEnd: () => endIfDrained(member),
      onOutput: options.onOutput,
    });
    const member: Member = { executor, isAlone, isDraining: isAlone, actedAt: null };
    members.add(member);
    void executor.ended.then((ending) => onEnd(member, ending));
    return member;
  }

  /** Null if the signal aborts before an executor can start. */
  async function startWhenAllowed<T>(startNow: () => T, signal: AbortSignal) {
    const isAllowed = await restartDelay.wait(signal);
    // In the same tick as the start, because `close` ends the executors that exist.
    return isAllowed && !closing.signal.aborted ? startNow() : null;
  }

  function startCurrent(): Member {
    return (current ??= start({ isAlone: false }));
  }

  function replaceCurrent(member: Member): void {
    if (current !== member) return;
    current = null;
    void startWhenAllowed(startCurrent, closing.signal);
  }

  function onEnd(member: Member, { how, wasReady, interruptedSteps }: ExecutorEnding): void {
    members.delete(member);
    room.check();
    clearTimeout(member.killTimer);
    if (closing.signal.aborted) return;
    const restartInMs = restartDelay.count({ wasReady });
    if (!member.isDraining || interruptedSteps > 0) {
      options.onEnd({ pid: member.executor.pid, how, interruptedSteps, restartInMs });
    }
    replaceCurrent(member);
  }

  /** Gives the executor no further step. With a reason, the time of its steps is limited. */
  function drain(member: Member, reason: ExecutorDrain["reason"] | null): void {
    if (!members.has(member) || closing.signal.aborted) return;
    member.isDraining = true;
    replaceCurrent(member);
    if (reason !== null && member.killTimer === undefined) {
      options.onDrain({ pid: member.executor.pid, reason, usedMb: totalMb(members) });
      member.killTimer = setTimeout(() => member.executor.kill(), DRAIN_LIMIT_MS);
    }
    endIfDrained(member);
  }

  function endIfDrained({ isDraining, executor }: Member): void {
    if (!isDraining) return;
    const { running, stuck } = executor.steps();
    if (running > 0) return;
    if (stuck > 0) executor.kill();
    else void executor.close();
  }

  function takeBackMemory(): void {
    room.check();
    const now = options.clock.monotonic();
    const action = memoryAction([...members], memoryMb, now);
    if (action === null) {
      // It was enough. The next step that takes too much is the first of its executor again.
      if (totalMb(members) <= memoryMb) for (const member of members) member.actedAt = null;
      return;
    }
    action.user.actedAt = now;
    if (action.kind === "drain") drain(action.user, "memory");
    else endSteps(action);
  }

  async function runOnce(task: ExecutorTask, hooks: StepHooks): Promise<RunEnd> {
    if (!task.isLastAttempt && current !== null) return current.executor.run(task, hooks);
    const signal = AbortSignal.any([closing.signal, hooks.signal]);
    if (task.isLastAttempt) await room.wait(signal);
    return startWhenAllowed(() => {
      if (task.isLastAttempt && !room.isFree()) return null;
      const member = task.isLastAttempt ? start({ isAlone: true }) : startCurrent();
      return member.executor.run(task, hooks);
    }, signal);
  }

  return {
    async run(task, hooks) {
      while (!closing.signal.aborted && !hooks.signal.aborted) {
        const end = await runOnce(task, hooks);
        if (end !== null) return end;
      }
      return notStarted(closing.signal.aborted);
    },
    usedMb: () => totalMb(members),
    markStale() {
      for (const { executor } of members) executor.markStale();
    },
    async close() {
      closing.abort();
      await Promise.all([...members].map(({ executor }) => executor.close()));
    },
  };
}

function endSteps(action: Exclude<MemoryAction<Member>, { kind: "drain" }>): void {
  const { executor } = action.user;
  if (action.kind === "fail-step") executor.endStep(action.run, action.failure);
  else if (action.kind === "fail-all") executor.fail(action.failure);
  else executor.kill();
}

function notStarted(isClosed: boolean): StepOutcome {
  const message = isClosed
    ? "The daemon stopped before the step started."
    : "The job was cancelled.";
  return { ok: false, failure: { code: "CANCELLED", message }, metrics: null };
}
