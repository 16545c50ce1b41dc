/** Acts on many jobs. The daemon does them, also when the browser is closed; the console shows how far it is. */
import { signal } from "@preact/signals";
import type { BulkAct, StartBulkAct } from "../api/schema.ts";
import { call } from "../api/request.ts";
import { confirmAct } from "../parts/confirm.tsx";
import { plural } from "../parts/numbers.ts";
import { announce, announceFailure } from "../parts/toasts.tsx";

/** The act that was started last in this tab. */
export const bulk = signal<BulkAct | null>(null);

const POLL_MS = 400;
/** From this number on, the number must be typed. */
const TYPED_FROM = 100;

const WORDS: Readonly<Record<Act, { title: string; text: string }>> = {
  cancel: { title: "Cancel", text: "Queued jobs end at once. Running plugins are asked to stop." },
  retry: { title: "Retry", text: "Each job runs again from the step that failed." },
  "retry-from-start": {
    title: "Retry from the start",
    text: "All steps of each job run again, and their results are replaced.",
  },
  delete: {
    title: "Delete",
    text: "The jobs, their results and their logs are removed. This cannot be undone.",
  },
  redeliver: { title: "Send again", text: "The events that were given up are sent again." },
};

export type Act = BulkAct["act"];

type Which = Pick<StartBulkAct, "ids" | "filter">;

/** Counts, asks, starts, and follows the act until it has ended. Resolves to whether it was done. */
export async function startBulk(act: Act, which: Which): Promise<boolean> {
  try {
    const { matched } = await untilEnded(
      await call("POST /v1/bulk", { body: { act, ...which, dryRun: true } }),
    );
    if (matched === 0) {
      announce(`There is no job for this: ${WORDS[act].title.toLowerCase()}.`);
      return false;
    }
    const { title, text } = WORDS[act];
    const isDangerous = act === "delete" || act === "cancel";
    const isSure = await confirmAct({
      title: `${title} ${plural(matched, "job")}?`,
      text,
      act: `${title} ${plural(matched, "job")}`,
      ...(act === "cancel" ? { dismiss: "Let them run" } : {}),
      isDangerous,
      ...(matched >= TYPED_FROM && isDangerous ? { typed: String(matched) } : {}),
    });
    if (!isSure) return false;
    bulk.value = await call("POST /v1/bulk", { body: { act, ...which } });
    await untilEnded(bulk.value, (newer) => (bulk.value = newer));
    return true;
  } catch (error) {
    announceFailure(error);
    return false;
  }
}

async function untilEnded(
  started: BulkAct,
  onChange: (newer: BulkAct) => void = () => undefined,
): Promise<BulkAct> {
  let newest = started;
  while (newest.state === "running") {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    newest = await call("GET /v1/bulk/{id}", { params: { id: started.id } });
    onChange(newest);
  }
  return newest;
}

export async function abortBulk(id: string): Promise<void> {
  await call("POST /v1/bulk/{id}/abort", { params: { id } }).catch(announceFailure);
}
