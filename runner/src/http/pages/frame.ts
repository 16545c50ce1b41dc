/**
 * The frame of the daemon's own pages: look, content security policy, headers. The pages have no
 * script and load nothing, so they work offline. Their links are relative, so they work under a
 * proxy's path.
 */
import { createHash } from "node:crypto";
import type { FastifyReply } from "fastify";
import { html, type Html } from "./html.ts";
import { ICON, STYLE } from "./style.ts";

export interface Page {
  readonly markup: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface PageParts {
  readonly title: string;
  /** The CSS that only this page needs. */
  readonly style: string;
  readonly body: Html;
}

export function createPage({ title, style, body }: PageParts): Page {
  const css = STYLE + style;
  // The policy's hash covers every character between the tags. In one piece, because the formatter
  // adds white space to tags in a template.
  const styleElement: Html = { markup: `<style>${css}</style>` };
  const { markup } = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <link rel="icon" href="data:image/svg+xml,${encodeURIComponent(ICON.markup)}" />
        ${styleElement}
      </head>
      <body>
        ${body}
      </body>
    </html>`;
  return { markup, headers: headersFor(css) };
}

function headersFor(css: string): Page["headers"] {
  const hash = createHash("sha256").update(css).digest("base64");
  const policy = [
    "default-src 'none'",
    `style-src 'sha256-${hash}'`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  return {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": policy.join("; "),
    "referrer-policy": "no-referrer",
  };
}

export function sendPage(reply: FastifyReply, { markup, headers }: Page): FastifyReply {
  return reply.headers(headers).send(markup);
}
