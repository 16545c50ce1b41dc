/**
 * One round of kills: `kill -9` of the daemon, of a process that runs plugins for it, or of both,
 * then a daemon that runs on the same data.
 */
import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { checkDatabase } from "../../../src/store/sqlite/check-database.ts";
import { childrenOf, hasEnded, processesIn } from "../../support/processes.ts";
import { until } from "../../support/until.ts";
import type { KillPlan } from "./schedule.ts";
import type { Trial } from "./trial.ts";

/** Time in which a killed process, and the executors of a killed daemon, must end. */
const END_LIMIT_MS = 30_000;

/** Kills as planned. A daemon that was killed starts again. */
export async function killAndRestart(trial: Trial, plan: KillPlan): Promise<void> {
  if (plan.phase === "start") await killDuringStart(trial, plan);
  else {
    await trial.untilEnded(plan.afterJobs);
    await sleep(plan.afterMs);
    await kill(trial, trial.daemon().process, plan);
  }
  if (plan.victim === "executor") return;
  const orphans = await processesIn(trial.root);
  const { broken } = checkDatabase(join(trial.root, "data", "playground.db"));
  for (const { sentence, problems } of broken) {
    trial.ledger.note(`not true after a kill: ${sentence} (${problems.join("; ")})`);
  }
  await trial.start();
  await Promise.all(orphans.map((pid) => expectEnded(trial, pid, "its daemon was killed")));
}

/** The new daemon can be ready before the kill and have accepted jobs. */
async function killDuringStart(trial: Trial, plan: KillPlan): Promise<void> {
  trial.ledger.killed("daemon");
  await trial.end("SIGKILL");
  const kills: Promise<void>[] = [];
  const starting = trial.start({
    onSpawn(daemon) {
      const killing = sleep(plan.afterMs).then(() => kill(trial, daemon, plan));
      kills.push(killing.catch((error: unknown) => trial.ledger.note(String(error))));
    },
  });
  if (plan.victim === "executor") await starting;
  else await starting.catch(() => null);
  await Promise.all(kills);
}

/** Returns when what it has killed has ended. */
async function kill(trial: Trial, daemon: ChildProcess, plan: KillPlan): Promise<void> {
  const { victim, gapMs } = plan;
  const executor = victim === "daemon" ? null : await findExecutor(trial, daemon, plan.pick);
  const kills = [() => killExecutor(trial, executor), () => killDaemon(trial, daemon)];
  if (victim !== "both") kills.splice(victim === "daemon" ? 0 : 1, 1);
  if (gapMs < 0) kills.reverse();
  for (const [index, act] of kills.entries()) {
    // Without a gap, both die before the daemon can see that its executor has ended.
    if (index > 0 && gapMs !== 0) await sleep(Math.abs(gapMs));
    act();
  }
  if (victim !== "executor") await until("the daemon to end", () => hasExited(daemon));
  if (executor !== null) await expectEnded(trial, executor, "it was killed");
}

function killDaemon({ ledger }: Trial, daemon: ChildProcess): void {
  if (hasExited(daemon)) ledger.note("the daemon ended before it was killed");
  ledger.killed("daemon");
  daemon.kill("SIGKILL");
}

function killExecutor({ ledger }: Trial, pid: number | null): void {
  if (pid === null) return;
  try {
    process.kill(pid, "SIGKILL");
    ledger.killed("executor");
  } catch {
    // It has ended with its daemon.
  }
}

/** One of the daemon's children: usually its only executor, at times one for a step's last attempt. */
async function findExecutor(trial: Trial, daemon: ChildProcess, pick: number): Promise<number> {
  return until("the daemon to have an executor", async () => {
    if (hasExited(daemon)) throw new Error(`The daemon ended by itself:\n${trial.lastOutput()}`);
    const children = await childrenOf(daemon.pid);
    const ended = await Promise.all(children.map(hasEnded));
    const running = children.filter((_, index) => ended[index] === false);
    return running[Math.floor(pick * running.length)];
  });
}

async function expectEnded({ ledger }: Trial, pid: number, why: string): Promise<void> {
  const options = { timeoutMs: END_LIMIT_MS };
  await until(`process ${pid} to end`, () => hasEnded(pid), options).catch(() =>
    ledger.note(`process ${pid} of the daemon still runs ${END_LIMIT_MS} ms after ${why}`),
  );
}

function hasExited({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}
