import { signal } from "@preact/signals";

/** The time, once a second while the tab is visible, for ages and running durations. */
export const now = signal(Date.now());

setInterval(() => {
  if (!document.hidden) now.value = Date.now();
}, 1_000);
