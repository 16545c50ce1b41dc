import type { ComponentChildren } from "preact";
import type { Resource } from "../api/resource.ts";
import { Icon } from "./icon.tsx";

interface LoadedProps<T> {
  readonly of: Resource<T>;
  /** What is loaded, such as "jobs". */
  readonly what: string;
  readonly children: (data: T) => ComponentChildren;
}

/** Shows one of three states: loading, failed with a button to try again, or what was loaded. */
export function Loaded<T>({ of, what, children }: LoadedProps<T>) {
  const now = of.loaded.value;
  if (now.state === "loading") return <Loading what={what} />;
  if (now.state === "failed") {
    return <Failed what={what} error={now.error} retry={() => void of.refresh()} />;
  }
  return (
    <>
      {now.error !== null && (
        <p class="stale" role="status">
          <Icon name="alert" /> This is not up to date. {now.error.message}
        </p>
      )}
      {children(now.data)}
    </>
  );
}

/** Appears after a moment, so that a quick answer does not flicker. */
export function Loading({ what }: { readonly what: string }) {
  return (
    <p class="loading" role="status">
      <Icon name="spin" /> Loading {what}…
    </p>
  );
}

interface FailedProps {
  readonly what: string;
  readonly error: Error;
  readonly retry: () => void;
}

export function Failed({ what, error, retry }: FailedProps) {
  return (
    <div class="empty" role="alert">
      <Icon name="alert" />
      <p class="title">Could not load {what}</p>
      <p>{error.message}</p>
      <button type="button" class="btn" onClick={retry}>
        Try again
      </button>
    </div>
  );
}
