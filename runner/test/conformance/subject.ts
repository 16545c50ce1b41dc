import { afterEach, beforeEach } from "vitest";
import type { Store } from "../../src/ports/store/store.ts";

/** A store under test: one set of data that can be opened, closed and opened again. */
export interface Subject {
  /** Whether only one daemon can open the data. Then `reap` releases all other owners' leases. */
  readonly exclusive: boolean;
  open(): Promise<Store>;
  /** Exports the data and imports it into another place, after the store was closed. Its claims have ended. */
  move?(): Promise<Subject>;
  /** Removes the data, after the store was closed. */
  remove(): Promise<void>;
}

export type CreateSubject = () => Promise<Subject>;

/** The current test's store. It is opened before the test, and closed and removed after it. */
export interface StoreInTest {
  readonly store: Store;
  readonly exclusive: boolean;
  reopen(): Promise<void>;
}

export function useStore(createSubject: CreateSubject): StoreInTest {
  let subject: Subject;
  let store: Store;
  beforeEach(async () => {
    subject = await createSubject();
    store = await subject.open();
  });
  afterEach(async () => {
    await store.close();
    await subject.remove();
  });
  return {
    get store() {
      return store;
    },
    get exclusive() {
      return subject.exclusive;
    },
    async reopen() {
      await store.close();
      store = await subject.open();
    },
  };
}
