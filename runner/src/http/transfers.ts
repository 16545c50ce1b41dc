import { Refused } from "../domain/errors.ts";

/** Limits how many files are sent or received at a time. */
export interface Transfers {
  /** Returns a function that ends the transfer. Throws `Refused`: OVERLOADED. */
  begin(): () => void;
}

export function createTransfers(max: number, name: "uploads" | "downloads"): Transfers {
  let open = 0;
  return {
    begin() {
      if (open >= max) {
        const detail = `${open} ${name} are in progress, which is the limit. Try again later.`;
        throw new Refused("OVERLOADED", detail, { isAdjustable: false });
      }
      open += 1;
      return () => {
        open -= 1;
      };
    },
  };
}
