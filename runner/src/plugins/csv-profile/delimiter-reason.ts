import type { Analysis } from "./dialect/analyze.ts";

export function createDelimiterReason({ separatorLine, candidates }: Analysis): string {
  if (separatorLine !== undefined) return "the first line says so";
  const [best, next] = candidates;
  if (best === undefined) return "there are no rows";
  const width = Math.max(...best.rows.map(({ cells }) => cells.length));
  if (width === 1) return "no delimiter splits the rows into columns";
  const same = best.rows.filter(({ cells }) => cells.length === width).length;
  const split = `it splits ${same} of the first ${best.rows.length} rows into ${width} values`;
  if (next === undefined || next.dialect.delimiter === best.dialect.delimiter) return split;
  const share = Math.round((100 * next.score) / best.score);
  return `${split}. The next best is ${JSON.stringify(next.dialect.delimiter)}, which scores ${share} % of that`;
}
