/**
 * What the daemon reports as it happens. One tab of a browser reads the stream and passes it on to
 * the others, because a browser opens only six connections to a host over HTTP/1.1. A hidden tab
 * reads nothing. While there is no stream, screens load again every five seconds.
 */
import { effect, signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { DeliverySummary, JobSummary, Status } from "../api/schema.ts";
import { session } from "../api/session.ts";
import { follow } from "./follow.ts";

const POLL_MS = 5_000;

/** `polling`: the stream is cut, and screens load again every five seconds. */
export const connection = signal<"connecting" | "live" | "polling" | "paused">("connecting");

/** A field that is left out has not changed. */
export type LiveJob = Pick<JobSummary, "jobId"> &
  Partial<
    Pick<
      JobSummary,
      "status" | "completedSteps" | "progress" | "startedAt" | "endedAt" | "error" | "errorCode"
    >
  >;

/** What a screen can listen to. `missed`: changes may have been missed, so load again. */
interface LiveEvents {
  readonly jobs: readonly LiveJob[];
  readonly deliveries: readonly Pick<DeliverySummary, "deliveryId" | "jobId" | "state">[];
  readonly status: Partial<Omit<Status, "jobs">> & { readonly jobs?: Partial<Status["jobs"]> };
  readonly missed: null;
}

type Message =
  | { readonly kind: "event"; readonly name: keyof LiveEvents; readonly data: unknown }
  | { readonly kind: "connection"; readonly isOpen: boolean }
  | { readonly kind: "hello" };

type Listener = (data: never) => void;
const listeners = new Map<keyof LiveEvents, Set<Listener>>();
const name = `playground.stream ${new URL(".", document.baseURI).pathname}`;
const channel = new BroadcastChannel(name);
let isReader = false;
let isOpen = false;

function emit(event: keyof LiveEvents, data: unknown): void {
  for (const listener of listeners.get(event) ?? []) listener(data as never);
}

function receive(message: Message): void {
  if (message.kind === "event") emit(message.name, message.data);
  else if (message.kind === "hello") {
    if (isReader) channel.postMessage({ kind: "connection", isOpen } satisfies Message);
  } else {
    const wasCut = connection.peek() !== "live";
    connection.value = message.isOpen ? "live" : "polling";
    if (message.isOpen && wasCut) emit("missed", null);
  }
}

channel.addEventListener("message", (event: MessageEvent<Message>) => receive(event.data));

/** Passes a message on to the other tabs and to this one. */
function publish(message: Message): void {
  channel.postMessage(message);
  receive(message);
}

function readStream(ending: AbortSignal): Promise<void> {
  isReader = true;
  ending.addEventListener("abort", () => (isReader = isOpen = false));
  return follow({
    path: "/v1/stream",
    signal: ending,
    onConnection: (open) => {
      isOpen = open;
      publish({ kind: "connection", isOpen });
    },
    onEvent: ({ event, data }) => {
      if (event === "reset") publish({ kind: "event", name: "missed", data: null });
      else if (event === "jobs" || event === "deliveries" || event === "status") {
        publish({ kind: "event", name: event, data: JSON.parse(data) as unknown });
      }
    },
  });
}

/** Without locks, which a browser only has on HTTPS and localhost, each visible tab reads for itself. */
function startReading(ending: AbortSignal): void {
  channel.postMessage({ kind: "hello" } satisfies Message);
  const locks = navigator.locks as LockManager | undefined;
  if (locks === undefined) void readStream(ending);
  else
    void locks.request(name, { signal: ending }, () => readStream(ending)).catch(() => undefined);
}

/** Starts and stops with the session and with the visibility of the tab. */
export function startLive(): void {
  const isVisible = signal(!document.hidden);
  document.addEventListener("visibilitychange", () => (isVisible.value = !document.hidden));
  effect(() => {
    if (!isVisible.value || !session.value) {
      connection.value = "paused";
      return undefined;
    }
    const ending = new AbortController();
    connection.value = "connecting";
    startReading(ending.signal);
    const timer = setInterval(() => {
      if (connection.peek() !== "live") emit("missed", null);
    }, POLL_MS);
    return () => {
      ending.abort();
      clearInterval(timer);
    };
  });
}

/** Calls the function for every such event. Returns what ends it. */
export function listen<Name extends keyof LiveEvents>(
  event: Name,
  listener: (data: LiveEvents[Name]) => void,
): () => void {
  const set = listeners.get(event) ?? new Set();
  listeners.set(event, set.add(listener));
  return () => void set.delete(listener);
}

/** Calls the newest functions for what happens while the component is shown. */
export function useLive(on: {
  readonly [Name in keyof LiveEvents]?: (data: LiveEvents[Name]) => void;
}): void {
  const latest = useRef(on);
  latest.current = on;
  useEffect(() => {
    const ends = (Object.keys(latest.current) as (keyof LiveEvents)[]).map((event) =>
      listen(event, (data) => (latest.current[event] as Listener | undefined)?.(data as never)),
    );
    return () => {
      for (const end of ends) end();
    };
  }, []);
}
