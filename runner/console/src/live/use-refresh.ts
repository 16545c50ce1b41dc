import { useEffect, useRef } from "preact/hooks";
import { useLive } from "./stream.ts";

const AFTER_MS = 800;
/** The stream reports jobs and deliveries. Other people's changes of a schedule or a webhook are seen this late. */
const EVERY_MS = 15_000;

/** Loads again soon after deliveries or jobs have changed, when changes may have been missed, and now and then. */
export function useRefresh(refresh: () => unknown, on: readonly ("jobs" | "deliveries")[]): void {
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);
  const latest = useRef(refresh);
  latest.current = refresh;
  const soon = (): void => {
    timer.current ??= setTimeout(() => {
      timer.current = null;
      latest.current();
    }, AFTER_MS);
  };
  useEffect(() => {
    const interval = setInterval(() => {
      if (!document.hidden) latest.current();
    }, EVERY_MS);
    return () => {
      clearInterval(interval);
      if (timer.current !== null) clearTimeout(timer.current);
    };
  }, []);
  useLive({
    jobs: () => {
      if (on.includes("jobs")) soon();
    },
    deliveries: () => {
      if (on.includes("deliveries")) soon();
    },
    missed: soon,
  });
}
