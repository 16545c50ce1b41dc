/** What no test noticed, by file and line. */
import type { Source } from "./coverage.ts";
import type { Outcome } from "./judge-mutant.ts";
import type { Mutant } from "./mutants.ts";

function count(outcomes: Iterable<Outcome>): string {
  const counts = { killed: 0, timeout: 0, survived: 0, "not covered": 0, unclear: 0 };
  for (const outcome of outcomes) counts[outcome] += 1;
  const noticed = counts.killed + counts.timeout;
  const all = noticed + counts.survived + counts["not covered"];
  const share = all === 0 ? 100 : (100 * noticed) / all;
  return `${share.toFixed(0)} % of ${all} noticed (${counts.killed} killed, ${counts.timeout} timed out, ${counts.survived} survived, ${counts["not covered"]} not covered; ${counts.unclear} unclear, not counted)`;
}

const shorten = (text: string): string => {
  const line = text.replaceAll(/\s+/g, " ");
  return line.length > 70 ? `${line.slice(0, 67)}…` : line;
};

/** One line for a mutant that no test noticed. */
export function reportUnnoticed({ file, text }: Source, mutant: Mutant, outcome: Outcome): string {
  const { start, end, replacement } = mutant;
  const line = text.slice(0, start).split("\n").length;
  const change = `${shorten(text.slice(start, end))} → ${shorten(replacement) || "nothing"}`;
  return `${file}:${line} ${outcome}: ${change}`;
}

export function reportFile({ file, mutants }: Source, outcomes: Map<Mutant, Outcome>): string {
  return `${file}: ${count(mutants.flatMap((mutant) => outcomes.get(mutant) ?? []))}`;
}

export const reportTotal = (outcomes: Map<Mutant, Outcome>): string =>
  `All: ${count(outcomes.values())}`;
