import { z } from "zod";
import { definePlugin } from "../../plugin-sdk.ts";
import { download } from "./download.ts";
import { readPage } from "./read-page.ts";
import { toMarkdown } from "./to-markdown.ts";

const Input = z
  .object({
    html: z.string().optional().describe("The page's HTML, or a part of a page."),
    url: z
      .string()
      .optional()
      .describe("The page to download, by http or https; at most 10 MiB of HTML."),
    baseUrl: z
      .string()
      .optional()
      .describe("Where `html` comes from, so that its relative links can be made absolute."),
  })
  .superRefine(({ html, url }, check) => {
    if (html !== undefined && url) check.addIssue("give html or url, not both");
    if (html === undefined && !url) check.addIssue("give html or url");
  });

const Options = z.strictObject({
  mainContentOnly: z
    .boolean()
    .default(true)
    .describe(
      "Leave out navigation, advertisements and footers, as a browser's reader view does. False: the whole page.",
    ),
  images: z.boolean().default(true).describe("Whether to keep images."),
  links: z.boolean().default(true).describe("Whether to keep links; false leaves their text."),
});

const Text = z.string().nullable();

const Output = z.object({
  title: Text.describe("The page's title."),
  byline: Text.describe("Who wrote it, where the page says so."),
  excerpt: Text.describe("The page's own description, or its first paragraph."),
  siteName: Text.describe("The site's name, where the page says so."),
  publishedTime: Text.describe("When it was published, as the page writes it."),
  language: Text.describe("The page's language, such as `en`."),
  url: Text.describe("The address, after redirects, or the baseUrl that was given."),
  markdown: z.string().describe("The content as GitHub-flavoured Markdown."),
  wordCount: z.int().describe("Runs of letters and digits in the content."),
  links: z
    .array(
      z.object({
        text: z.string().describe("What the link says."),
        url: z.string().describe("Where it leads, absolute where the page's address is known."),
      }),
    )
    .describe("The content's links, each address once, in the page's order."),
  isMainContent: z
    .boolean()
    .describe(
      "False: this is the whole page, because that was asked for or no main content was found.",
    ),
});

export default definePlugin({
  name: "html-to-markdown",
  version: "1.0.0",
  description:
    "Turns a web page into Markdown: its main content with title, author, excerpt and links, or all of it. Its output can go straight to text-chunk. `processedItems` counts pages: 1.",
  // Real pages take a second at most; tags nested without end take the libraries for ever.
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
