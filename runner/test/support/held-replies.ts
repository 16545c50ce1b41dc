import type { Store } from "../../src/ports/store/store.ts";
import { interceptCalls } from "./engine.ts";

/** Holds back the store's replies to one kind of call, from `hold` to `release`. */
export interface HeldReplies {
  readonly intercept: (store: Store) => Store;
  hold(): void;
  release(): void;
}

export function holdReplies(held: keyof Store): HeldReplies {
  let gate = Promise.resolve();
  let open = (): void => {};
  return {
    intercept: (store) =>
      interceptCalls(store, async (call, name) => {
        const reply = await call();
        if (name === held) await gate;
        return reply;
      }),
    hold() {
      ({ promise: gate, resolve: open } = Promise.withResolvers<void>());
    },
    release: () => open(),
  };
}
