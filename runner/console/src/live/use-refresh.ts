import { useEffect, useRef } from "preact/hooks";
import { useLive } from "./stream.ts";

const AFTER_MS = 800;

/** Loads again soon after deliveries or jobs have changed, and when changes may have been missed. */
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
  useEffect(
    () => () => {
      if (timer.current !== null) clearTimeout(timer.current);
    },
    [],
  );
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
