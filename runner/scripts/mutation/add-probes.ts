/** Adds calls to a source file that say which of its code has run. */
import type { Probe } from "./mutants.ts";

const HEAD = `import { getEnvironmentData as __probes } from "node:worker_threads";
let __hits;
function __hit(n) {
  __hits ??= new Uint8Array(__probes("mutation.probes") ?? 1e6);
  __hits[n] = 1;
}
`;

/** @param first the number of the file's first probe */
export function addProbes(source: string, probes: Probe[], first: number): string {
  const added = probes.flatMap(({ at, end }, n) => {
    const hit = `__hit(${first + n})`;
    return end === null
      ? [{ at, text: `${hit};`, n }]
      : [
          { at, text: `(${hit}, (`, n },
          { at: end, text: "))", n: -n },
        ];
  });
  // At one place what is outer is opened first and closed last.
  added.sort((a, b) => a.at - b.at || a.n - b.n);
  let text = HEAD;
  let from = 0;
  for (const { at, text: add } of added) {
    text += source.slice(from, at) + add;
    from = at;
  }
  return text + source.slice(from);
}
