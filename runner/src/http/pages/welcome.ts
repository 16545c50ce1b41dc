/** The page at the daemon's address. It needs no token, so it shows no data. */
import { VERSION } from "../../version.ts";
import { createPage, type Page } from "./frame.ts";
import { html, type Html } from "./html.ts";
import { ICON, NARROW_STYLE } from "./style.ts";
import { HOW_TO_SIGN_IN, WHERE_THE_TOKEN_IS } from "./token.ts";

const REPOSITORY = "https://github.com/playground-runner/playground";

const GUIDES: readonly (readonly [path: string, title: string, about: string])[] = [
  [
    "docs/tutorial/first-job.md",
    "Your first job",
    "from the first request to your own plugin in ten minutes",
  ],
  ["docs/guides/write-a-plugin.md", "Write a plugin", "a function with a schema, in one file"],
  ["docs/guides/webhooks.md", "Webhooks", "events, signatures, retries"],
  ["n8n-nodes-playground/README.md", "n8n", "nodes that run jobs and start workflows"],
  ["docs/guides/make.md", "Make", "a scenario and a custom app"],
  ["docs/guides/run-in-production.md", "Run it in production", "service, TLS, health, metrics"],
  ["docs/guides/troubleshooting.md", "Troubleshooting", "which request answers which question"],
];

/** `reasons` say why the daemon accepts no jobs. Empty when it is ready. */
export function renderWelcome(reasons: readonly string[]): Page {
  const body = html`<main>
    <header>
      <a class="brand" href="./">${ICON} Playground</a>
      <small>${VERSION}</small>
    </header>
    <h1>Playground is running</h1>
    ${renderState(reasons)}
    <p>
      It runs plugins (TypeScript functions) as durable jobs and reports every job by webhook.
      Programs use it through its HTTP API.
    </p>
    <section class="card">
      <h2>API</h2>
      <p>All requests with their fields, responses and errors.</p>
      ${HOW_TO_SIGN_IN}
      <p><a class="button" href="docs">Open the API documentation</a></p>
    </section>
    ${WHERE_THE_TOKEN_IS}
    <section class="card">
      <h2>Guides</h2>
      <ul>
        ${GUIDES.map(
          ([path, title, about]) =>
            html`<li><a href="${REPOSITORY}/blob/main/${path}">${title}</a>: ${about}</li>`,
        )}
      </ul>
      <p><a href="${REPOSITORY}#readme">All documentation</a></p>
    </section>
  </main>`;
  return createPage({ title: "Playground", style: NARROW_STYLE, body });
}

function renderState(reasons: readonly string[]): Html {
  return reasons.length === 0
    ? html`<p class="state ok"><span aria-hidden="true">✓</span> Ready for jobs</p>`
    : html`<p class="state wait">
        <span aria-hidden="true">…</span> Not ready. ${reasons.join(" ")}
      </p>`;
}
