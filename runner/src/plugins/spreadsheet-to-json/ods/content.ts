import { numberCell, textCell } from "../cell-value.ts";
import type { FormatKind } from "../number-format.ts";
import { isoDurationToTime } from "../serial-date.ts";
import {
  MAX_COLUMNS,
  MAX_MERGES,
  MAX_ROW,
  type Area,
  type Cell,
  type RowConsumer,
  type SheetInfo,
} from "../workbook.ts";
import type { Attributes, XmlHandlers } from "../xml-stream.ts";
import { damaged } from "../zip-parts.ts";
import { createParagraphReader } from "./paragraphs.ts";

interface ContentOptions {
  readonly field: string;
  /** Called for every sheet when it ends. */
  readonly onSheet?: (sheet: SheetInfo & { merges: Area[] }) => void;
  readonly rowsOf?: { readonly sheet: number; readonly consumer: RowConsumer };
}

const repeated = (written: string | undefined, most: number): number => {
  const count = Number(written ?? 1);
  return count >= 1 && count <= most ? Math.trunc(count) : 1;
};

/** Reads the tables of `content.xml`. A table in a cell is not read. */
export function createContentReader({ field, onSheet, rowsOf }: ContentOptions): XmlHandlers {
  const paragraphs = createParagraphReader();
  const hiddenStyles = new Set<string>();
  let style = "";
  let depth = 0;
  let sheet = -1;
  let info = { name: "", hidden: false, merges: [] as Area[] };
  let row = { number: 0, repeat: 1, cells: [] as Cell[] };
  let cell: { column: number; repeat: number; attributes: Attributes } | null = null;
  let nextColumn = 0;
  let isDone = false;

  const startCell = (attributes: Attributes, isCovered: boolean): void => {
    const repeat = repeated(attributes["table:number-columns-repeated"], MAX_COLUMNS);
    const column = nextColumn;
    nextColumn += repeat;
    if (nextColumn > MAX_COLUMNS) {
      throw damaged(field, new Error(`row ${row.number} has more than ${MAX_COLUMNS} columns`));
    }
    // What a merged cell covers is not shown, even if it has a value.
    cell = isCovered ? null : { column, repeat, attributes };
    paragraphs.clear();
    const across = repeated(attributes["table:number-columns-spanned"], MAX_COLUMNS);
    const down = repeated(attributes["table:number-rows-spanned"], MAX_ROW);
    if ((across > 1 || down > 1) && !isCovered && info.merges.length < MAX_MERGES) {
      const [top, left] = [row.number, column];
      info.merges.push({ top, left, bottom: top + down - 1, right: left + across - 1 });
    }
  };

  const endCell = (): void => {
    if (cell === null || sheet !== rowsOf?.sheet) return;
    const { column, repeat, attributes } = cell;
    const isFormula = attributes["table:formula"] !== undefined;
    const typed = typedValue(attributes, paragraphs.read());
    if (typed.value === null && !isFormula) return;
    for (let index = 0; index < repeat; index += 1) {
      row.cells.push({ column: column + index, isFormula, ...typed });
    }
  };

  const endRow = (): void => {
    const wanted = rowsOf !== undefined && sheet === rowsOf.sheet && row.cells.length > 0;
    for (let index = 0; wanted && !isDone && index < row.repeat; index += 1) {
      isDone = !rowsOf.consumer.onRow({ number: row.number + index, cells: row.cells });
    }
    row = { number: row.number + row.repeat, repeat: 1, cells: [] };
  };

  return {
    open(name, attributes) {
      if (isDone) return;
      if (name === "style") style = attributes["style:name"] ?? "";
      if (name === "table-properties" && attributes["table:display"] === "false") {
        hiddenStyles.add(style);
      }
      if (name === "table") {
        depth += 1;
        if (depth > 1) return;
        sheet += 1;
        const hidden = hiddenStyles.has(attributes["table:style-name"] ?? "");
        info = { name: attributes["table:name"] ?? "", hidden, merges: [] };
        row = { number: 1, repeat: 1, cells: [] };
      }
      if (depth !== 1) return;
      if (name === "table-row") {
        row.repeat = repeated(attributes["table:number-rows-repeated"], MAX_ROW);
        nextColumn = 0;
      } else if (name === "table-cell") startCell(attributes, false);
      else if (name === "covered-table-cell") startCell(attributes, true);
      else paragraphs.open(name, attributes);
    },
    text(piece) {
      if (depth === 1) paragraphs.add(piece);
    },
    close(name) {
      if (isDone) return;
      if (name === "table") {
        depth -= 1;
        if (depth > 0) return;
        onSheet?.(info);
        isDone = sheet === rowsOf?.sheet;
      }
      if (depth !== 1) return;
      if (name === "table-cell" || name === "covered-table-cell") endCell();
      else if (name === "table-row") endRow();
      else paragraphs.close(name);
    },
    isDone: () => isDone,
    flush: async () => rowsOf?.consumer.flush(),
  };
}

const NUMBER_TYPES = new Map<string, FormatKind>([
  ["float", "number"],
  ["percentage", "percent"],
  ["currency", "currency"],
]);

function typedValue(attributes: Attributes, text: string): Pick<Cell, "kind" | "value"> {
  const written = attributes["office:value"] ?? "";
  // LibreOffice writes an error as text, and says so in a second attribute.
  if (attributes["calcext:value-type"] === "error") return { kind: "error", value: text };
  const type = attributes["office:value-type"];
  const format = NUMBER_TYPES.get(type ?? "");
  if (format) return numberCell(written, format, { uses1904: false });
  if (type === "date") {
    const date = attributes["office:date-value"] ?? text;
    return { kind: "date", value: date.replace(/T00:00:00(?:\.0+)?$/, "") };
  }
  if (type === "time") {
    const time = attributes["office:time-value"] ?? "";
    return { kind: "time", value: isoDurationToTime(time) ?? text };
  }
  if (type !== "boolean") return textCell(text);
  return { kind: "boolean", value: attributes["office:boolean-value"] === "true" };
}
