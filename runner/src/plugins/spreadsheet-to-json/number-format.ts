import type { CellKind } from "./workbook.ts";

export type FormatKind = Extract<CellKind, "number" | "percent" | "currency" | "date" | "time">;

/** The built-in formats of ECMA-376, part 1, 18.8.30. 27 to 36 and 50 to 58 are dates of East Asia. */
export function builtInKind(id: number): FormatKind {
  if (id === 9 || id === 10) return "percent";
  if ((id >= 5 && id <= 8) || id === 42 || id === 44) return "currency";
  if ((id >= 18 && id <= 21) || (id >= 45 && id <= 47)) return "time";
  const isDate = (id >= 14 && id <= 17) || id === 22;
  return isDate || (id >= 27 && id <= 36) || (id >= 50 && id <= 58) ? "date" : "number";
}

const CURRENCY = /[$€£¥₩₹₽₺₴₪₫฿₱]/;

/** What numbers with a format such as `[$-409]d mmm yyyy;@` are. */
export function formatKind(code: string): FormatKind {
  const [first = ""] = code.split(";");
  const isCurrency = CURRENCY.test(first.replaceAll(/\[\$-[^\]]*\]/g, ""));
  const elapsed = /\[(?:h+|m+|s+)\]/i.test(first);
  const letters = first
    .replaceAll(/"[^"]*"|\\.|_.|\*.|\[[^\]]*\]/g, "")
    .replaceAll(/AM\/PM|A\/P|General/gi, (found) => (/^[aA]/.test(found) ? "h" : ""));
  if (elapsed) return "time";
  if (/[ydgeb]/i.test(letters) && !/[0#?]/.test(letters.replaceAll(/s\.?0+/gi, ""))) return "date";
  if (/[hs]/i.test(letters)) return "time";
  if (/m/i.test(letters)) return "date";
  if (letters.includes("%")) return "percent";
  return isCurrency ? "currency" : "number";
}
