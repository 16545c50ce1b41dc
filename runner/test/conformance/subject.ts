import { afterEach, beforeEach } from "vitest";
import type { Store } from "../../src/ports/store/store.ts";

/** What a store gives to be tested: one set of data that can be opened, closed and opened again. */
export interface Subject {
  /** Whether one daemon alone can open the data; then `reap` frees whatever others have leased. */
  readonly exclusive: boolean;
  open(): Promise<Store>;
  /** Removes the data; the store is closed by then. */
  remove(): Promise<void>;
}

export type CreateSubject = () => Promise<Subject>;

/** The store of the test that runs; open at its start, closed and removed after it. */
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
