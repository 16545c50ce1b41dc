/** What is filled in on one screen and goes on in another. It can be large and secret, so it is in no address. */
import type { Draft } from "./draft.ts";

let handed: Draft | null = null;

export function handOver(draft: Draft): void {
  handed = draft;
}

/** Only once: a form that is opened later is empty. */
export function takeOver(): Draft | null {
  const draft = handed;
  handed = null;
  return draft;
}
