/** The mutants of numbers, texts, templates and regular expressions. */
import { mutateSql } from "./mutate-sql.ts";
import type { Edit, Node } from "./node.ts";

/** A sentence for people. A mutant of it says nothing about what the code does. */
const isSentence = (text: string): boolean => (text.match(/ /g)?.length ?? 0) >= 3;

function mutateRegex(pattern: string): Edit[] {
  const edits: Edit[] = [];
  const drop = (at: number): unknown => edits.push({ start: at, end: at + 1, replacement: "" });
  if (pattern.startsWith("/^")) drop(1);
  const dollar = pattern.lastIndexOf("$/");
  if (dollar > 0 && pattern[dollar - 1] !== "\\") drop(dollar);
  for (const { index } of pattern.matchAll(/(?<=[\w\])])[+*]/g)) drop(index);
  return edits;
}

/** Edits of the node's text, at their places in the source. */
const moved = (edits: Edit[], by: number): Edit[] =>
  edits.map(({ start, end, replacement }) => ({ start: by + start, end: by + end, replacement }));

export function mutateLiteral(node: Node, source: string): Edit[] {
  const { value, start, end } = node;
  const text = source.slice(start, end);
  if ("regex" in node) return moved(mutateRegex(text), start);
  if (typeof value === "boolean") return [{ start, end, replacement: String(!value) }];
  if (typeof value === "number") return [{ start, end, replacement: String(value + 1) }];
  if (typeof value !== "string") return [];
  const sql = mutateSql(text);
  if (sql.length > 0) return moved(sql, start);
  if (isSentence(text)) return [];
  return [{ start, end, replacement: value === "" ? '"mutated"' : '""' }];
}

export function mutateTemplate({ start, end }: Node, source: string): Edit[] {
  const text = source.slice(start, end);
  const sql = mutateSql(text);
  if (sql.length > 0) return moved(sql, start);
  return text.length > 2 && !isSentence(text) ? [{ start, end, replacement: "``" }] : [];
}
