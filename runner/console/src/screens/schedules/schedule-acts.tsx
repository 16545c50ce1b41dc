import { call } from "../../api/request.ts";
import type { Schedule } from "../../api/schema.ts";
import { mayI } from "../../api/session.ts";
import { confirmAct } from "../../parts/confirm.tsx";
import { announce, announceFailure } from "../../parts/toasts.tsx";
import { goTo, linkTo } from "../../router.ts";

interface ScheduleActsProps {
  readonly schedule: Schedule;
  readonly onChange: () => unknown;
}

export function ScheduleActs({ schedule: { key, state }, onChange }: ScheduleActsProps) {
  const params = { key };
  /** Does the act and says what the daemon refuses. */
  const act = (run: () => Promise<unknown>) => (): void => {
    run().catch(announceFailure);
  };
  const runNow = act(async () => {
    const { jobId } = await call("POST /v1/schedules/{key}/run", { params });
    goTo(linkTo(["jobs", jobId]));
  });
  const pause = act(async () => {
    await call("POST /v1/schedules/{key}/pause", { params });
    announce("Paused. Its slots are skipped.");
    onChange();
  });
  const resume = act(async () => {
    await call("POST /v1/schedules/{key}/resume", { params });
    announce("Resumed. It goes on with the next slot.");
    onChange();
  });
  const remove = act(async () => {
    const isSure = await confirmAct({
      title: "Remove this schedule?",
      text: `${key} makes no more jobs, and the list of its slots is deleted. Its jobs stay. This cannot be undone.`,
      act: "Remove",
      isDangerous: true,
    });
    if (!isSure) return;
    await call("DELETE /v1/schedules/{key}", { params });
    announce("The schedule is removed.");
    goTo(linkTo(["schedules"]));
  });
  if (!mayI("run")) return <></>;
  return (
    <>
      {state === "active" && (
        <button type="button" class="btn" onClick={pause}>
          Pause
        </button>
      )}
      {state === "paused" && (
        <button type="button" class="btn primary" onClick={resume}>
          Resume
        </button>
      )}
      <button type="button" class="btn" onClick={runNow}>
        Run now
      </button>
      <a class="btn" href={linkTo(["schedules", key], { edit: "1" })}>
        Edit…
      </a>
      {mayI("admin") && (
        <button type="button" class="btn bad-text" onClick={remove}>
          Remove…
        </button>
      )}
    </>
  );
}
