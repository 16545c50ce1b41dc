/** PDFs with exactly the objects that a test wants. */

export interface PdfPage {
  /** Operators, such as `BT /F1 12 Tf 50 700 Td (text) Tj ET`. */
  readonly content: string;
  readonly rotate?: number;
}

export interface PdfParts {
  readonly pages: readonly PdfPage[];
  /** Entries of the info dictionary, such as `/Title (A)`. */
  readonly info?: string;
  /** Side of the grey picture `/Im1`. */
  readonly pictureSide?: number;
  /** The dictionary of the font `/F2`. */
  readonly font?: string;
}

export function pdfOf({ pages, info = "", pictureSide = 0, font = "" }: PdfParts): Buffer {
  const picture = Buffer.alloc(pictureSide * pictureSide, 0x80).toString("latin1");
  const stream = (entries: string, data: string): string =>
    `<<${entries}/Length ${data.length}>>\nstream\n${data}\nendstream`;
  const kids = pages.map((_, index) => `${7 + index * 2} 0 R`).join(" ");
  const objects = [
    "<</Type/Catalog/Pages 2 0 R>>",
    `<</Type/Pages/Count ${pages.length}/Kids[${kids}]>>`,
    "<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    stream(
      `/Type/XObject/Subtype/Image/Width ${pictureSide}/Height ${pictureSide}/ColorSpace/DeviceGray/BitsPerComponent 8`,
      picture,
    ),
    `<<${info}>>`,
    font || "null",
    ...pages.flatMap(({ content, rotate = 0 }, index) => [
      `<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Rotate ${rotate}/Resources<</Font<</F1 3 0 R/F2 6 0 R>>/XObject<</Im1 4 0 R>>>>/Contents ${8 + index * 2} 0 R>>`,
      stream("", content),
    ]),
  ];
  const offsets: number[] = [];
  let file = "%PDF-1.7\n";
  for (const [index, object] of objects.entries()) {
    offsets.push(file.length);
    file += `${index + 1} 0 obj\n${object}\nendobj\n`;
  }
  const rows = offsets.map((offset) => `${String(offset).padStart(10, "0")} 00000 n \n`);
  const size = objects.length + 1;
  const table = `xref\n0 ${size}\n0000000000 65535 f \n${rows.join("")}`;
  const trailer = `trailer<</Size ${size}/Root 1 0 R/Info 5 0 R>>\nstartxref\n${file.length}\n%%EOF\n`;
  return Buffer.from(file + table + trailer, "latin1");
}

/** Lines of text, 14 points apart, from the top of the page. An empty one leaves a gap. */
export function linesOf(...lines: readonly string[]): string {
  const shown = lines.map((line) => `(${line.replaceAll(/[()\\]/g, String.raw`\$&`)}) Tj T*`);
  return `BT /F1 12 Tf 14 TL 50 780 Td ${shown.join(" ")} ET`;
}
