/** Whether a slot gets its job although an earlier job of its schedule has not ended. Pure. */
import type { Overlap } from "./schedule.ts";

export type RunTrigger = "grid" | "buffer" | "manual";

export type OverlapDecision =
  | { readonly kind: "run" }
  /** The slot waits until the job has ended. */
  | { readonly kind: "buffer" }
  | { readonly kind: "skip"; readonly detail: string }
  /** A person's request is refused. */
  | { readonly kind: "busy"; readonly jobId: string };

export function decideOverlap(
  trigger: RunTrigger,
  schedule: {
    readonly overlap: Overlap;
    readonly bufferedSlot: number | null;
    /** A job of the schedule that has not ended. */
    readonly openJob: string | null;
  },
): OverlapDecision {
  const { overlap, bufferedSlot, openJob: jobId } = schedule;
  const mayOverlap = overlap === "allow" || overlap === "cancel-running";
  if (mayOverlap || jobId === null) {
    // A slot behind one that waits does not overtake it.
    if (mayOverlap || bufferedSlot === null || trigger !== "grid") return { kind: "run" };
    return { kind: "skip", detail: `The slot ${iso(bufferedSlot)} was to run before it.` };
  }
  if (trigger === "manual") return { kind: "busy", jobId };
  if (overlap === "skip") return { kind: "skip", detail: `${jobId} had not ended.` };
  if (bufferedSlot === null || trigger === "buffer") return { kind: "buffer" };
  const detail = `${jobId} had not ended, and the slot ${iso(bufferedSlot)} waited for it.`;
  return { kind: "skip", detail };
}

function iso(slot: number): string {
  return new Date(slot).toISOString();
}
