import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

type Collect = (options: { type: "major"; flavor: "last-resort" }) => void;

/**
 * Gives back the memory that the start took: V8 keeps a heap as large as it has been until it is
 * short of room. Measured: 131 MiB resident when idle in place of 148. Takes some 30 ms.
 */
export function shrinkHeap(): void {
  // V8 has no other call that shrinks its new space as well.
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as Collect;
  collect({ type: "major", flavor: "last-resort" });
}
