/**
 * The score of pdf-to-text. Programs of Debian's packages write a PDF, or convert the one that Chromium
 * has printed for the guide. Forms that they do not write are made object by object.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { messageWithCauses } from "../../src/domain/message-with-causes.ts";
import pdfToText from "../../src/plugins/pdf-to-text/index.ts";
import { linesOf, pdfOf, type PdfParts } from "../../test/support/pdfs.ts";
import { runPlugin } from "../../test/support/plugin-context.ts";
import { printScore, type Case } from "./score.ts";

const PRINTED = fileURLToPath(
  new URL("../../../docs/guides/built-in-plugins/weather.pdf", import.meta.url),
);
const SENTENCES = ["It rained on 22 of 31 days.", "Café Müller costs 5 euros.", "The end."];
const TYPESET =
  ".fam H\nIt rained on 22 of 31 days.\n.bp\nCaf\\['e] M\\[:u]ller costs 5 euros.\n.bp\nThe end.\n";

interface Output {
  readonly text: string;
  readonly pageCount: number;
  readonly scannedPages: readonly number[];
}

async function read(bytes: Uint8Array, options: object = {}): Promise<Output> {
  const input = { base64: Buffer.from(bytes).toString("base64") };
  return (await runPlugin(pdfToText, { input, options })).output as Output;
}

/** `{}` is the PDF to write, and `{in}` the printed one. */
type Tool = readonly [name: string, tool: string, args: readonly string[], options?: object];
const rewrite = (name: string, ...args: string[]): Tool => [
  name,
  "/usr/bin/qpdf",
  [...args, "{in}", "{}"],
];
const ghostscript = (name: string, ...args: string[]): Tool => [
  name,
  "/usr/bin/gs",
  ["-q", "-dBATCH", "-dNOPAUSE", "-sDEVICE=pdfwrite", ...args, "-o", "{}", "{in}"],
];
const password = { password: "opên" };
const encrypt = (name: string, ...args: string[]): Tool => [
  name,
  "/usr/bin/qpdf",
  ["--allow-weak-crypto", "--encrypt", password.password, "owner", ...args, "--", "{in}", "{}"],
  password,
];

const TOOLS: readonly Tool[] = [
  rewrite("qpdf, for the web", "--linearize"),
  rewrite("qpdf, without compression", "--qdf", "--object-streams=disable"),
  rewrite("qpdf, with object streams", "--object-streams=generate"),
  rewrite("qpdf, PDF 1.3", "--force-version=1.3", "--object-streams=disable"),
  encrypt("qpdf, RC4 with 128 bits", "128", "--use-aes=n"),
  encrypt("qpdf, AES with 128 bits", "128", "--use-aes=y"),
  encrypt("qpdf, AES with 256 bits", "256"),
  ghostscript("Ghostscript"),
  ghostscript("Ghostscript, PDF/A", "-dPDFA=2", "-sColorConversionStrategy=RGB"),
  ["Poppler and cairo", "/usr/bin/pdftocairo", ["-pdf", "{in}", "{}"]],
];

async function inFolder<T>(work: (root: string) => Promise<T>): Promise<T> {
  const root = mkdtempSync(join(tmpdir(), "pdf-corpus-"));
  try {
    return await work(root);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

const needs = (tool: string): { skip?: string } =>
  existsSync(tool) ? {} : { skip: `${tool} is not installed` };
const printed = await read(readFileSync(PRINTED));
const wordsOf = (text: string): string => text.split(/\s+/).filter(Boolean).join(" ");

function compare({ text, pageCount }: Output, words: string, pages: number): string | null {
  if (pageCount !== pages) return `has ${pageCount} pages`;
  return wordsOf(text) === words ? null : `is ${JSON.stringify(text.slice(0, 300))}`;
}

const written = TOOLS.map(([name, tool, args, options]): Case => ({
  group: "Debian's tools",
  name,
  ...needs(tool),
  run: () =>
    inFolder(async (root) => {
      const to = join(root, "a.pdf");
      const given = args.map((arg) => arg.replace("{in}", PRINTED).replace("{}", to));
      execFileSync(tool, given, { stdio: "ignore" });
      return compare(await read(readFileSync(to), options), wordsOf(printed.text), 2);
    }),
}));

/** Each sentence is a page. */
const typeset: Case = {
  group: "Debian's tools",
  name: "groff",
  ...needs("/usr/share/groff/current/font/devpdf/DESC"),
  run: () =>
    inFolder(async (root) => {
      writeFileSync(join(root, "a.roff"), TYPESET);
      const bytes = execFileSync("/usr/bin/groff", ["-Tpdf", "-P-pa4", join(root, "a.roff")]);
      return compare(await read(bytes), SENTENCES.join(" "), 3);
    }),
};

const chromium: Case = {
  group: "Debian's tools",
  name: "Chromium",
  run: () => {
    const parts = [
      "173.3 mm in all.",
      "2012-01-31 1.8 9.4 rain",
      "Seattle–Tacoma Airport, 47.45° N",
    ];
    const missing = parts.find((part) => !printed.text.includes(part));
    return Promise.resolve(missing === undefined ? null : `lacks ${missing}`);
  },
};

const words = SENTENCES.slice(0, 2);
const page = { content: linesOf(...words) };
const cid = (encoding: string, ordering: string): string =>
  `<</Type/Font/Subtype/Type0/BaseFont/Any/Encoding/${encoding}/DescendantFonts[<</Type/Font/Subtype/CIDFontType0/BaseFont/Any/CIDSystemInfo<</Registry(Adobe)/Ordering(${ordering})/Supplement 2>>>>]>>`;
const shown = (hex: string): string => `BT /F2 12 Tf 50 700 Td <${hex}> Tj ET`;
const at = (x: number, y: number, text: string): string =>
  `BT /F1 10 Tf ${x} ${y} Td (${text}) Tj ET`;
const table = [
  at(300, 700, "12.50"),
  at(50, 700, "Apples"),
  at(50, 686, "Pears"),
  at(300, 686, "7.00"),
];
const picture = "q 595 0 0 842 0 0 cm /Im1 Do Q";

type Form = readonly [name: string, parts: PdfParts, text: string, options?: object];

const FORMS: readonly Form[] = [
  ...[0, 90, 180, 270].map((rotate): Form => [
    `turned by ${rotate}`,
    { pages: [{ ...page, rotate }] },
    words.join(" "),
  ]),
  [
    "words in pieces",
    { pages: [{ content: "BT /F1 12 Tf 50 700 Td [(Wo)-20(rd)-600(two)] TJ ET" }] },
    "Word two",
  ],
  [
    "a table in columns",
    { pages: [{ content: table.join("\n") }] },
    "Apples 12.50 Pears 7.00",
    { layout: "columns" },
  ],
  [
    "Japanese",
    { pages: [{ content: shown("93FA967B8CEA") }], font: cid("90ms-RKSJ-H", "Japan1") },
    "日本語",
  ],
  ["Chinese", { pages: [{ content: shown("D6D0CEC4") }], font: cid("GBK-EUC-H", "GB1") }, "中文"],
  [
    "Chinese, traditional",
    { pages: [{ content: shown("A4A4A4E5") }], font: cid("ETen-B5-H", "CNS1") },
    "中文",
  ],
  [
    "Korean",
    { pages: [{ content: shown("C7D1B1DB") }], font: cid("KSCms-UHC-H", "Korea1") },
    "한글",
  ],
  ["a blank page", { pages: [{ content: "" }] }, ""],
  [
    "a page of 500",
    { pages: Array.from({ length: 500 }, () => page) },
    words.join(" "),
    { pages: "250" },
  ],
];

const forms = FORMS.map(([name, parts, text, options]): Case => ({
  group: "forms",
  name,
  run: async () => compare(await read(pdfOf(parts), options), text, parts.pages.length),
}));

const scans = [
  ["only a picture", picture, [1]],
  ["a picture and a text", `${picture} ${linesOf("Text over a picture")}`, []],
  ["only a text", page.content, []],
] as const;
const scanned = scans.map(([name, content, wanted]): Case => ({
  group: "scans",
  name,
  async run() {
    const { scannedPages } = await read(pdfOf({ pages: [{ content }], pictureSide: 200 }));
    return scannedPages.join() === wanted.join() ? null : `pages ${scannedPages.join()}`;
  },
}));

const whole = pdfOf({ pages: [page] });
const damage = (from: RegExp, to: string): Buffer =>
  Buffer.from(whole.toString("latin1").replace(from, to), "latin1");
const BROKEN: readonly (readonly [name: string, bytes: Buffer])[] = [
  ["a wrong place of the table", damage(/startxref\n\d+/, "startxref\n7")],
  ["no table", damage(/xref\n0[^]*?trailer/, "trailer")],
  ["no end", damage(/startxref[^]*$/, "")],
  ["bytes before its beginning", Buffer.concat([Buffer.from("\r\n"), whole])],
  ["a wrong length", damage(/\/Length \d+>>(?=\nstream\nBT)/, "/Length 3>>")],
];
const broken = BROKEN.map(([name, bytes]): Case => ({
  group: "repairs",
  name,
  run: async () => compare(await read(bytes), words.join(" "), 1),
}));

const REFUSED: readonly (readonly [name: string, bytes: Buffer, says: RegExp, options?: object])[] =
  [
    ["a text", Buffer.from("hello"), /must be a PDF/],
    ["nothing", Buffer.alloc(0), /base64/],
    ["a beginning", whole.subarray(0, 60), /damaged or incomplete/],
    ["a page that does not exist", whole, /pages is "3": the PDF has 1 page/, { pages: "3" }],
  ];
const refused = REFUSED.map(([name, bytes, says, options]): Case => ({
  group: "refuses",
  name,
  async run() {
    const said = await read(bytes, options).then(
      ({ text }) => `gave ${JSON.stringify(text)}`,
      (error: unknown) => messageWithCauses(error as Error),
    );
    return says.test(said) ? null : said;
  },
}));

await printScore("pdf-to-text", [
  chromium,
  ...written,
  typeset,
  ...forms,
  ...scanned,
  ...broken,
  ...refused,
]);
