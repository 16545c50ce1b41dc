import { z } from "zod";
import { definePlugin } from "../../plugin-sdk.ts";
import { download, MAX_BYTES } from "./download.ts";

const MAX_LENGTH = MAX_BYTES;

const Input = z
  .object({
    html: z
      .string()
      .max(MAX_LENGTH, {
        error: ({ input }) =>
          `html has ${(input as string).length} characters: it must have at most ${MAX_LENGTH}`,
      })
      .optional()
      .describe("The HTML of a page, or of a part of a page, with up to 10 Mi characters."),
    url: z
      .string()
      .optional()
      .describe(
        "The http or https URL of the page to download. The page can have up to 10 MiB of HTML. A plain text becomes a code block.",
      ),
    baseUrl: z
      .string()
      .optional()
      .describe("The http or https URL that `html` comes from. It makes relative links absolute."),
  })
  .superRefine(({ html, url, baseUrl }, check) => {
    if (html !== undefined && url)
      check.addIssue("either html or url is required, but the input has both");
    if (html === undefined && !url)
      check.addIssue("either html or url is required, but the input has none");
    for (const [name, value] of Object.entries({ url, baseUrl })) {
      if (!value || /^https?:$/.test(URL.parse(value)?.protocol ?? "")) continue;
      check.addIssue({
        code: "custom",
        path: [name],
        message: `${name} is ${JSON.stringify(value)}: it must be a whole http or https URL, such as "https://bakery.example/recipes"`,
      });
    }
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
    .describe(
      "Number of words in the content. A word is a run of letters and digits. Chinese, Japanese, Thai and other scripts without spaces are split into words.",
    ),
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
      "`true`: only the main content was converted. `false`: the whole page was converted, because `mainContentOnly` is `false` or no main content with at least 20 words was found, or the page has more than 20,000 elements.",
    ),
});

export default definePlugin({
  name: "html-to-markdown",
  version: "1.1.0",
  description:
    "Turns a web page into Markdown: its main content with title, author, excerpt and links, or the whole page. text-chunk accepts the output as its input. `processedItems` counts pages and is always 1.",
  // A real page takes up to a second, and one with the most elements that are allowed 20 s.
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
    const [{ readPage }, { toMarkdown }] = await Promise.all([
      import("./read-page.ts"),
      import("./to-markdown.ts"),
    ]);
    const { body, ...about } = await readPage(source, {
      field: input.url ? `url is ${JSON.stringify(input.url)}: its page` : "html",
      mainContentOnly: ctx.options.mainContentOnly,
      warn: (message) => ctx.log.warn(message),
    });
    ctx.signal.throwIfAborted();
    ctx.progress(0.7, "content found");
    const markdown = toMarkdown(body, ctx.options);
    ctx.metrics.add("processedItems", 1);
    return { ...about, url: source.url, markdown };
  },
});
