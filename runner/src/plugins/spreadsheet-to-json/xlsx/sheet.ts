import { columnNumber, parseArea } from "../cell-reference.ts";
import { numberCell, textCell } from "../cell-value.ts";
import type { FormatKind } from "../number-format.ts";
import {
  MAX_COLUMNS,
  MAX_MERGES,
  MAX_ROW,
  type Area,
  type Cell,
  type RowConsumer,
} from "../workbook.ts";
import type { Attributes, XmlHandlers } from "../xml-stream.ts";
import { damaged } from "../zip-parts.ts";
import { createTextReader, unescapeText } from "./shared-strings.ts";

interface SheetOptions {
  readonly strings: readonly string[];
  readonly kinds: readonly FormatKind[];
  readonly uses1904: boolean;
  readonly consumer: RowConsumer;
  readonly field: string;
}

/** Far more than the 32,767 characters of an Excel cell. */
const MAX_TEXT = 1_000_000;

export function createSheetReader(options: SheetOptions): XmlHandlers {
  const { strings, kinds, uses1904, consumer, field } = options;
  const inline = createTextReader();
  let isDone = false;
  let isRow = false;
  let number = 0;
  let cells: Cell[] = [];
  let cell = { column: 0, type: "n", style: 0, value: "", isFormula: false };
  let isValue = false;
  let nextColumn = 0;

  const startCell = (attributes: Attributes): void => {
    const letters = /^[A-Za-z]+/.exec(attributes["r"] ?? "")?.[0];
    const column = letters === undefined ? nextColumn : columnNumber(letters);
    if (!(column < MAX_COLUMNS)) {
      throw damaged(
        field,
        new Error(`row ${number} has a cell at ${attributes["r"] ?? "no place"}`),
      );
    }
    nextColumn = column + 1;
    const style = Number(attributes["s"] ?? 0);
    cell = { column, type: attributes["t"] ?? "n", style, value: "", isFormula: false };
    inline.clear();
  };

  const endCell = (): void => {
    const typed = typedValue();
    if (typed === null && !cell.isFormula) return;
    const { column, isFormula } = cell;
    cells.push({ column, isFormula, ...(typed ?? textCell("")) });
  };

  const typedValue = (): Pick<Cell, "kind" | "value"> | null => {
    const { type, style, value } = cell;
    if (type === "inlineStr") return textCell(inline.read());
    if (value === "") return null;
    if (type === "s") return textCell(strings[Number(value)] ?? "");
    if (type === "str") return textCell(unescapeText(value));
    if (type === "b") return { kind: "boolean", value: value === "1" || value === "true" };
    if (type === "e") return { kind: "error", value };
    if (type === "d") return { kind: "date", value: value.replace(/T00:00:00(?:\.0+)?Z?$/, "") };
    return numberCell(value, kinds[style] ?? "number", { uses1904 });
  };

  return {
    open(name, attributes) {
      if (isDone) return;
      if (name === "row") {
        isRow = true;
        number = Number(attributes["r"] ?? number + 1);
        if (!(number >= 1 && number <= MAX_ROW)) {
          throw damaged(field, new Error(`a row has the number ${attributes["r"] ?? number}`));
        }
        cells = [];
        nextColumn = 0;
      } else if (isRow && name === "c") startCell(attributes);
      else if (isRow && name === "f") cell.isFormula = true;
      else if (isRow && name === "v") isValue = true;
      else if (isRow) inline.open(name);
    },
    text(piece) {
      if (!isRow || isDone) return;
      if (isValue) cell.value += piece;
      else inline.add(piece);
      if (cell.value.length > MAX_TEXT) {
        throw damaged(field, new Error(`a cell in row ${number} has over ${MAX_TEXT} characters`));
      }
    },
    close(name) {
      if (isDone || !isRow) return;
      if (name === "v") isValue = false;
      else if (name === "c") endCell();
      else if (name === "row") {
        isRow = false;
        isDone = !consumer.onRow({ number, cells });
      } else inline.close(name);
    },
    isDone: () => isDone,
    flush: () => consumer.flush(),
  };
}

/** The merged areas come after the rows, so that they need a pass of their own. */
export function createMergeReader(merges: Area[]): XmlHandlers {
  return {
    open(name, { ref = "" }) {
      if (name !== "mergeCell" || merges.length >= MAX_MERGES) return;
      const area = parseArea(ref);
      if (area) merges.push(area);
    },
    close() {},
  };
}
