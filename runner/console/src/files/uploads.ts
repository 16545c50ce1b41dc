/** Uploads that wait, go on or have failed. Those that are done leave the list. */
import { signal, type ReadonlySignal } from "@preact/signals";
import type { File as StoredFile } from "../api/schema.ts";
import { sendFile } from "./send-file.ts";

export interface Upload {
  readonly id: number;
  readonly file: File;
  readonly keep: boolean;
  readonly sentBytes: number;
  readonly state: "waiting" | "sending" | "failed";
  /** Why it has failed. */
  readonly error: string | null;
}

export interface Uploads {
  readonly list: ReadonlySignal<readonly Upload[]>;
  readonly add: (files: readonly File[], options: { readonly keep: boolean }) => void;
  readonly retry: (id: number) => void;
  /** Stops it, or takes a failed one away. */
  readonly remove: (id: number) => void;
  readonly removeAll: () => void;
}

/** A browser has six connections to a host, and the console needs some of them. */
const AT_A_TIME = 2;

let nextId = 1;

export function createUploads(onStored: (file: StoredFile) => void): Uploads {
  const list = signal<readonly Upload[]>([]);
  const controllers = new Map<number, AbortController>();

  function change(id: number, changed: Partial<Upload>): void {
    list.value = list.peek().map((one) => (one.id === id ? { ...one, ...changed } : one));
  }

  function begin(): void {
    const sending = list.peek().filter(({ state }) => state === "sending").length;
    const waiting = list.peek().filter(({ state }) => state === "waiting");
    for (const upload of waiting.slice(0, AT_A_TIME - sending)) void send(upload);
  }

  async function send({ id, file, keep }: Upload): Promise<void> {
    const controller = new AbortController();
    controllers.set(id, controller);
    change(id, { state: "sending", sentBytes: 0, error: null });
    const onSent = (sentBytes: number): void => change(id, { sentBytes });
    try {
      const stored = await sendFile(file, { keep, onSent, signal: controller.signal });
      list.value = list.peek().filter((one) => one.id !== id);
      onStored(stored);
    } catch (error) {
      // One that was stopped has left the list.
      change(id, {
        state: "failed",
        error: error instanceof Error ? error.message : String(error),
      });
    } finally {
      controllers.delete(id);
      begin();
    }
  }

  return {
    list,
    add(files, { keep }) {
      const added = files.map((file): Upload => ({
        id: nextId++,
        file,
        keep,
        sentBytes: 0,
        state: "waiting",
        error: null,
      }));
      list.value = [...list.peek(), ...added];
      begin();
    },
    retry(id) {
      change(id, { state: "waiting", error: null });
      begin();
    },
    remove(id) {
      list.value = list.peek().filter((one) => one.id !== id);
      controllers.get(id)?.abort();
    },
    removeAll() {
      list.value = [];
      for (const controller of controllers.values()) controller.abort();
    },
  };
}
