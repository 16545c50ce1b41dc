/** What a screen shows of the API: loading, failed or loaded, and up to date by `refresh`. */
import { useSignal, type ReadonlySignal } from "@preact/signals";
import { useCallback, useEffect, useRef } from "preact/hooks";

export type Loaded<T> =
  | { readonly state: "loading" }
  | { readonly state: "failed"; readonly error: Error }
  /** `error` says why the newest refresh failed. The data is then older. */
  | { readonly state: "ready"; readonly data: T; readonly error: Error | null };

export interface Resource<T> {
  readonly loaded: ReadonlySignal<Loaded<T>>;
  /** Loads again and keeps showing what is there until the answer arrives. */
  readonly refresh: () => Promise<void>;
  /** Changes what is shown, for what the live stream reports. */
  readonly update: (change: (data: T) => T) => void;
}

/**
 * Loads when the screen appears and when `key` changes; what was shown stays until the answer
 * arrives. A newer load aborts the one before it, so that a late answer never replaces a newer one.
 */
export function useResource<T>(
  key: string,
  load: (signal: AbortSignal) => Promise<T>,
): Resource<T> {
  const loaded = useSignal<Loaded<T>>({ state: "loading" });
  const running = useRef<AbortController | null>(null);
  const latest = useRef({ load, key });
  latest.current = { load, key };
  /** What the data that is shown was loaded for. */
  const shownKey = useRef<string | null>(null);

  const refresh = useCallback(async () => {
    running.current?.abort();
    const controller = new AbortController();
    running.current = controller;
    const { load: run, key: wanted } = latest.current;
    try {
      const data = await run(controller.signal);
      if (controller.signal.aborted) return;
      shownKey.current = wanted;
      loaded.value = { state: "ready", data, error: null };
    } catch (error) {
      if (controller.signal.aborted || !(error instanceof Error)) return;
      const before = loaded.peek();
      loaded.value =
        before.state === "ready" && shownKey.current === wanted
          ? { ...before, error }
          : { state: "failed", error };
    }
  }, [loaded]);

  useEffect(() => {
    void refresh();
    return () => running.current?.abort();
  }, [key, refresh, loaded]);

  const update = useCallback(
    (change: (data: T) => T) => {
      const now = loaded.peek();
      if (now.state === "ready") loaded.value = { ...now, data: change(now.data) };
    },
    [loaded],
  );
  return { loaded, refresh, update };
}
