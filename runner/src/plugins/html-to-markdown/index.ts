import { z } from "zod";
import { definePlugin } from "../../plugin-sdk.ts";
import { download } from "./download.ts";
import { readPage } from "./read-page.ts";
import { toMarkdown } from "./to-markdown.ts";

const Input = z
  .object({
    html: z.string().optional().describe("The HTML of a page, or of a part of a page."),
    url: z
      .string()
      .optional()
      .describe(
        "The http or https URL of the page to download. The page can have up to 10 MiB of HTML.",
      ),
    baseUrl: z
      .string()
      .optional()
      .describe("The URL that `html` comes from. It makes relative links absolute."),
  })
  .superRefine(({ html, url }, check) => {
    if (html !== undefined && url)
      check.addIssue("either html or url is required, but the input has both");
    if (html === undefined && !url)
      check.addIssue("either html or url is required, but the input has none");
  });

const Options = z.strictObject({
  mainContentOnly: z
    .boolean()
    .default(true)
    .describe(
      "Whether to remove navigation, advertisements and footers, like the reader view of a browser. `false` converts the whole page.",
    ),
  images: z.boolean().default(true).describe("Whether to keep images."),
  links: z
    .boolean()
    .default(true)
    .describe("Whether to keep links. `false` keeps only their text."),
});

const Text = z.string().nullable();

const Output = z.object({
  title: Text.describe("The title of the page."),
  byline: Text.describe("The author, if the page names one."),
  excerpt: Text.describe("The description in the page's metadata, or its first paragraph."),
  siteName: Text.describe("The name of the site, if the page has it."),
  publishedTime: Text.describe("The publication time, in the format of the page."),
  language: Text.describe("The language of the page, such as `en`."),
  url: Text.describe("The URL of the page after redirects, or the given `baseUrl`."),
  markdown: z.string().describe("The content as GitHub-flavoured Markdown."),
  wordCount: z
    .int()
    .describe("Number of words in the content. A word is a run of letters and digits."),
  links: z
    .array(
      z.object({
        text: z.string().describe("The text of the link."),
        url: z.string().describe("The target. It is absolute if the URL of the page is known."),
      }),
    )
    .describe("The links in the content, in their order, without duplicate targets."),
  isMainContent: z
    .boolean()
    .describe(
      "`true`: only the main content was converted. `false`: the whole page was converted, because `mainContentOnly` is `false` or no main content was found.",
    ),
});

export default definePlugin({
  name: "html-to-markdown",
  version: "1.0.0",
  description:
    "Turns a web page into Markdown: its main content with title, author, excerpt and links, or the whole page. text-chunk accepts the output as its input. `processedItems` counts pages and is always 1.",
  // A real page takes up to a second. On deeply nested tags the libraries would run forever.
  timeoutMs: 120_000,
  input: Input,
  options: Options,
  output: Output,
  example: {
    input: {
      html: "<title>Bread</title><h1>Bread</h1><p>Flour, water, salt and <a href='/time'>time</a>.</p>",
      baseUrl: "https://bakery.example/recipes/",
    },
    options: { mainContentOnly: false },
  },
  async run(input, ctx) {
    const source = input.url
      ? await download(input.url, ctx)
      : { html: input.html ?? "", url: input.baseUrl || null };
    ctx.progress(0.3, "page read");
    const page = await readPage(source, ctx.options.mainContentOnly);
    ctx.signal.throwIfAborted();
    ctx.progress(0.7, "content found");
    const { content, text, ...about } = page;
    const markdown = await toMarkdown(content, ctx.options);
    ctx.metrics.add("processedItems", 1);
    return { ...about, url: source.url, markdown, wordCount: countWords(text) };
  },
});

function countWords(text: string): number {
  return text.match(/[\p{L}\p{N}][\p{L}\p{M}\p{N}'’-]*/gu)?.length ?? 0;
}
