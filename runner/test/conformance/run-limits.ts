/** Makes the same change of a limit on a store and on the model. */
import type { Store } from "../../src/ports/store/store.ts";
import type { CallOf } from "./calls.ts";
import type { ModelStore } from "./model/model-store.ts";

export interface Caller {
  readonly store: Store;
  readonly model: ModelStore;
  readonly now: number;
  readonly expectSameResult: (result: Promise<unknown>, expected: unknown) => void;
}

export function changeLimit(
  each: CallOf<"declare limit" | "override limit" | "pause limit" | "resume limit">,
  { store, model, now, expectSameResult }: Caller,
): void {
  const { name } = each;
  switch (each.kind) {
    case "declare limit": {
      const limits = [{ ...each.numbers, name }];
      return expectSameResult(store.declareLimits(limits), model.declareLimits(limits));
    }
    case "override limit": {
      const { override } = each;
      const by = { by: "operator", now };
      return expectSameResult(
        store.overrideLimit(name, override, by),
        model.overrideLimit(name, override, by),
      );
    }
    case "pause limit": {
      const { key, lastsMs, isSpan } = each;
      const until = lastsMs === null ? null : now + lastsMs;
      // Only a plugin keeps a longer pause, and its own always has an end.
      const keepsLonger = each.keepsLonger && until !== null;
      const pause = { name, key, until, isSpan, keepsLonger, by: "operator", now };
      return expectSameResult(store.pauseLimit(pause), model.pauseLimit(pause));
    }
    case "resume limit":
      return expectSameResult(store.resumeLimit(name, each.key), model.resumeLimit(name, each.key));
  }
}
