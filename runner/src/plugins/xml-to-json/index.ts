import { Readable } from "node:stream";
import { z } from "zod";
import { definePlugin } from "../../plugin-sdk.ts";
import { openTarget, OutputLocation, outputName } from "../shared/output-target.ts";
import { requireOneSource } from "../shared/one-source.ts";
import { fileSource } from "../shared/file-source.ts";
import { openText } from "./open-text.ts";
import { parseXml } from "./parse-xml.ts";
import { writeJson } from "./write-json.ts";

const Input = z
  .object({
    text: z.string().optional().describe("The XML as text."),
    file: fileSource(
      "Path of an XML file in the daemon's files folder, such as `in/feed.xml`.",
    ).optional(),
    url: z.string().optional().describe("An http or https URL to download the XML from."),
  })
  .superRefine(({ text, file, url }, check) => requireOneSource({ text, file, url }, check));

const Options = z
  .strictObject({
    arrays: z
      .array(z.string().min(1))
      .default([])
      .describe(
        "Names of elements that are always lists, such as `item`. Without it, an element that occurs once is not a list. `*` stands for all elements.",
      ),
    numbers: z
      .boolean()
      .default(false)
      .describe(
        "Whether texts such as `12.5` become numbers. Texts that a number would change, such as `007` or 20 digits, stay texts.",
      ),
    namespaces: z
      .enum(["keep", "remove"])
      .default("keep")
      .describe(
        "`keep`: names have their prefix, such as `g:price`. `remove`: names have no prefix, and `xmlns` attributes are left out.",
      ),
    order: z
      .enum(["mixed", "all"])
      .default("mixed")
      .describe(
        "Where the order of texts and elements is kept, as a list under `#content`. `mixed`: in elements with text between other elements. `all`: in every element that contains others.",
      ),
    attributePrefix: z
      .string()
      .min(1)
      .max(10)
      .default("@")
      .describe("What the keys of attributes begin with."),
    textKey: z
      .string()
      .min(1)
      .max(40)
      .default("#text")
      .describe("The key of the text of an element that has attributes."),
    trim: z
      .boolean()
      .default(true)
      .describe("Whether to remove white space around texts. It is kept in mixed content."),
    encoding: z
      .string()
      .min(1)
      .max(40)
      .default("auto")
      .describe(
        "The encoding of the file or download, such as `windows-1252`. `auto` uses the byte order mark, then the response's charset, then the XML declaration, then UTF-8.",
      ),
    outputFile: z
      .string()
      .optional()
      .describe(
        "Path in the files folder to write the JSON to, such as `out/feed.json`. An existing file is replaced. If empty, the JSON is returned in `data`.",
      ),
    outputName: outputName("feed.json"),
    maxBytes: z
      .int()
      .min(1)
      .max(2 ** 28)
      .default(50 << 20)
      .describe("The maximum size of the XML in bytes. The whole JSON is built in memory."),
    maxNodes: z
      .int()
      .min(1)
      .max(5_000_000)
      .default(1_000_000)
      .describe("The maximum number of elements and attributes."),
    maxDepth: z.int().min(1).max(1_000).default(200).describe("How deep elements can be nested."),
    maxTextChars: z
      .int()
      .min(1)
      .max(2 ** 27)
      .default(10_000_000)
      .describe("The maximum number of characters of one text or attribute."),
  })
  .describe("How the XML is read and written.");

const Output = z.object({
  data: z
    .unknown()
    .describe("The JSON: an object with the root element. Null if it was written to a file."),
  root: z.string().describe("Name of the root element."),
  elements: z.int().describe("Number of elements."),
  attributes: z.int().describe("Number of attributes."),
  mixedElements: z
    .int()
    .describe("Number of elements with text between other elements. They have `#content`."),
  namespaces: z
    .array(
      z.object({
        prefix: z.string().describe("The prefix. Empty for the default namespace."),
        uri: z.string().describe("The namespace."),
      }),
    )
    .describe("The namespaces that are declared, up to 100."),
  encoding: z.string().nullable().describe("The encoding that was used. Null for `text`."),
  file: OutputLocation.nullable().describe(
    "Path of the JSON in the files folder, or a reference to it. Null if it is returned in `data`.",
  ),
  bytes: z.int().nullable().describe("Size of the JSON file. Null if there is none."),
});

export default definePlugin({
  name: "xml-to-json",
  version: "1.0.0",
  description:
    "Turns XML into JSON: elements, attributes, CDATA, namespaces, and the order of mixed content. Reads text, a file or a URL in any encoding, loads nothing from outside, and refuses entity bombs. Returns the JSON or writes a file. `processedItems` counts elements.",
  input: Input,
  options: Options,
  output: Output,
  example: {
    input: {
      text: '<shop><item sku="A1"><name>Tea &amp; Co</name><price>12.5</price></item></shop>',
    },
    options: { arrays: ["item"], numbers: true },
  },
  async run(input, ctx) {
    const { options, signal } = ctx;
    const target = await openTarget(options, ctx, {
      example: "data.json",
      type: "application/json",
    });
    const source = await openText(input, ctx, options);
    const { data, ...parsed } = await parseXml(source.pieces, {
      ...options,
      field: source.field,
      signal,
      onElements(elements) {
        ctx.metrics.set("processedItems", elements);
        ctx.progress(source.fraction(), `${elements} elements`);
      },
    });
    const result = { ...parsed, encoding: source.encoding() };
    if (target === null) return { ...result, data, file: null, bytes: null };
    await target.writeStream(Readable.from(writeJson(data)), signal);
    const bytes = await target.bytes();
    return { ...result, data: null, ...target.written(), bytes };
  },
});
