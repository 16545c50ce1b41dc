import { createDelimiterReason } from "./delimiter-reason.ts";
import type { CsvProfile } from "./profile-csv.ts";
import type { OptionValues } from "./options.ts";
import type { EncodingGuess } from "./source/guess-encoding.ts";

export interface Assumption {
  /** The option that overrules it. */
  readonly option: string;
  readonly value: string;
  readonly reason: string;
}

const LISTED_NAMES = 5;

/** Lists what was guessed, with the option that says otherwise. */
export function listAssumptions(
  profile: CsvProfile,
  options: OptionValues,
  encoding: EncodingGuess | null,
): Assumption[] {
  const { analysis, skipped, table } = profile;
  const { dialect, preamble } = analysis;
  const assumptions: Assumption[] = [];
  const assume = (option: keyof OptionValues, value: string, reason: string): void => {
    assumptions.push({ option, value, reason });
  };
  if (encoding !== null) assume("encoding", encoding.encoding, encoding.reason);
  if (options.delimiter === "auto") {
    assume("delimiter", dialect.delimiter, createDelimiterReason(analysis));
  }
  if (options.quote === "auto" && dialect.quote !== '"') {
    assume("quote", dialect.quote, "it is around values that contain the delimiter");
  }
  if (options.escape === "auto" && dialect.escape !== "") {
    assume("escape", dialect.escape, "the rows have the same number of values with it");
  }
  if (options.comment === "auto" && skipped.commentLines + preamble.length > 0 && dialect.comment) {
    assume("comment", dialect.comment, "the lines before the table begin with it");
  }
  const notes = preamble.filter((line) => !dialect.comment || !line.startsWith(dialect.comment));
  if (options.skipRows === undefined && notes.length > 0) {
    assume(
      "skipRows",
      String(analysis.firstLine - 1),
      `the first lines are not rows of the table, and the first is ${JSON.stringify(notes[0]!.slice(0, 80))}`,
    );
  }
  if (options.header === undefined) {
    assume("header", String(analysis.header !== null), headerReason(analysis.header !== null));
  }
  if (analysis.table.hasRowNames) {
    assume(
      "header",
      "one name short",
      "each row has one value more than the header, and the first values are different: they are the names of the rows",
    );
  }
  const { numbers, dates } = table.undecided;
  if (numbers.length > 0) {
    assume(
      "decimal",
      table.conventions.decimal,
      `no number in ${listNames(numbers)} shows whether "." or "," is the decimal separator${table.isDecimalShown ? ", but numbers in other columns do" : ""}`,
    );
  }
  if (dates.length > 0) {
    const { dateOrder } = table.conventions;
    assume(
      "dateFormat",
      dateOrder ?? "none",
      dateOrder === null
        ? `no date in ${listNames(dates)} shows the order of day and month, so that they are texts`
        : `no date in ${listNames(dates)} shows the order of day and month, but dates in other columns do`,
    );
  }
  return assumptions;
}

function headerReason(hasHeader: boolean): string {
  return hasHeader
    ? "the first row differs from the values below it"
    : "the first row has values like those below it";
}

function listNames(names: readonly string[]): string {
  const listed = names.slice(0, LISTED_NAMES).map((name) => JSON.stringify(name));
  const more = names.length - listed.length;
  return listed.join(", ") + (more > 0 ? ` and ${more} more columns` : "");
}
