import { ABILITIES, FORMATS, formatOfName, type Format } from "./formats.ts";

interface Wish {
  readonly format: "same" | Format;
  /** The option that names the result. */
  readonly field: "outputFile" | "outputName";
  readonly name: string | null;
}

const NAMES = FORMATS.map((format) => `.${ABILITIES[format].extensions[0]}`).join(", ");

/** Returns the format that the options ask for, or null for the original's. Throws if they contradict. */
export function wantedFormat({ format, field, name }: Wish): Format | null {
  const wanted = format === "same" ? null : format;
  if (name === null) return wanted;
  const named = formatOfName(name);
  const shown = `${field} is ${JSON.stringify(name)}`;
  if (named === "not-written") {
    throw new Error(
      `${shown}: this format cannot be written. The name must end in one of ${NAMES}`,
    );
  }
  if (named === null || wanted === null || named === wanted) return wanted ?? named;
  throw new Error(
    `${shown} and format is "${wanted}": the name must end in .${ABILITIES[wanted].extensions[0]}, or format must be "${named}" or "same"`,
  );
}

/** The original's format. Those that are not written, and those for print, become PNG. */
export function sameFormat(found: string): Format {
  if (found === "heif") return "avif";
  return FORMATS.find((known) => known === found) ?? "png";
}
