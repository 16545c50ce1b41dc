/** Mutants of SQL in a literal: boundaries, order, limits, conditions. */
import type { Edit } from "./node.ts";

const IS_SQL = /\b(?:SELECT|UPDATE|INSERT|DELETE|WHERE|ORDER BY|SET)\b/;

const CHANGES: [RegExp, string][] = [
  [/<=/g, "<"],
  [/>=/g, ">"],
  [/(?<![<>=-])<(?![=>])/g, "<="],
  [/(?<![<>=-])>(?![=>])/g, ">="],
  [/(?<![<>!])=(?!=)(?=\s)/g, "<>"],
  [/<>/g, "="],
  [/\bAND\b/g, "OR"],
  [/\bOR\b(?! (?:IGNORE|REPLACE))/g, "AND"],
  [/\bIS NOT NULL\b/g, "IS NULL"],
  [/\bIS NULL\b/g, "IS NOT NULL"],
  [/\bNOT IN\b/g, "IN"],
  [/\bNOT EXISTS\b/g, "EXISTS"],
  [/ DESC\b/g, ""],
  [/\bmin\(/gi, "max("],
  [/\bmax\(/gi, "min("],
  [/ \+ (?=\d)/g, " - "],
  [/ - (?=\d)/g, " + "],
  [/\bLIMIT (?:\?|:\w+|\$\w+|\d+)/g, ""],
];

/** The mutants of the literal `text` where it is SQL. What an expression inside a template says is left alone. */
export function mutateSql(text: string): Edit[] {
  if (!IS_SQL.test(text)) return [];
  const code = text.replaceAll(/\$\{[^}]*\}/g, (inside) => " ".repeat(inside.length));
  const set = [...code.matchAll(/\b(?:SET|VALUES)\b[\s\S]*?(?=\bWHERE\b|$)/g)];
  return CHANGES.flatMap(([pattern, replacement]) =>
    [...code.matchAll(pattern)].flatMap((found) => {
      const start = found.index;
      // An equals sign after SET assigns.
      const assigns = set.some((part) => start > part.index && start < part.index + part[0].length);
      if (found[0] === "=" && assigns) return [];
      return [{ start, end: start + found[0].length, replacement }];
    }),
  );
}
