/** The OpenAPI document as one page: no script, nothing fetched, so it works offline and under a strict policy. */
import { createHash } from "node:crypto";
import { FAILURES } from "../../domain/errors.ts";
import { describeErrors } from "../error-map.ts";
import type { OpenApiDocument, Operation, Parameter } from "../openapi.ts";
import { html, prose, type Html } from "./html.ts";
import { limitsOf, renderSchema, typeOf, type Schema } from "./schema.ts";
import { STYLE } from "./style.ts";

// In one piece: the policy's hash is of every character between the tags, and a formatter that finds
// the tags in a template puts white space there.
const STYLE_ELEMENT: Html = { markup: `<style>${STYLE}</style>` };
const STYLE_HASH = createHash("sha256").update(STYLE).digest("base64");

export const DOCS_POLICY = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

interface Route extends Operation {
  readonly method: string;
  readonly path: string;
}

interface Content {
  readonly description?: string;
  readonly content?: Readonly<Record<string, { readonly schema: Schema }>>;
  readonly headers?: Readonly<Record<string, { readonly description: string }>>;
}

function routesOf(document: OpenApiDocument): Route[] {
  return Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      ...operation,
      method: method.toUpperCase(),
      path,
    })),
  );
}

export function renderDocs(document: OpenApiDocument): string {
  const { title, version, summary } = document.info as Record<string, string>;
  const routes = routesOf(document);
  const schemas = Object.entries(document.components.schemas);
  const byTag = document.tags.map((tag) => ({
    ...tag,
    routes: routes.filter((route) => route.tags.includes(tag.name)),
  }));
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>${title ?? ""} API</title>
        ${STYLE_ELEMENT}
      </head>
      <body>
        <nav>
          ${byTag.map(
            (tag) =>
              html`<h2>${tag.name}</h2>
                ${tag.routes.map(renderLink)}`,
          )}
          <h2>Webhooks</h2>
          ${Object.keys(document.webhooks).map((kind) => html`<a href="#on-${kind}">${kind}</a>`)}
          <h2>Reference</h2>
          <a href="#errors">Errors</a><a href="#failures">Failures</a>
          ${schemas.map(([name]) => html`<a href="#${name}">${name}</a>`)}
        </nav>
        <main>
          <h1>${title ?? ""} API <small>${version ?? ""}</small></h1>
          ${prose(summary)}
          ${prose("Send `Authorization: Bearer TOKEN` with every request but the health checks. The document for programs is at `/openapi.json`.")}
          ${byTag.map(
            (tag) =>
              html`<h2>${tag.name}</h2>
                ${prose(tag.description)}${tag.routes.map(renderRoute)}`,
          )}
          <h2>Webhooks</h2>
          ${Object.entries(document.webhooks).map(renderWebhook)}
          <h2 id="errors">Errors</h2>
          ${prose("Every error is `application/problem+json` with one of these codes.")}
          <table>
            ${describeErrors().map(renderError)}
          </table>
          <h2 id="failures">Failures</h2>
          ${prose("Why a job failed: the `errorCode` of the job and of its `failed` event.")}
          <table>
            ${Object.entries(FAILURES).map(renderFailure)}
          </table>
          <h2>Schemas</h2>
          ${schemas.map(([name, schema]) => renderSchema(name, schema))}
        </main>
      </body>
    </html>`;
  return page.markup;
}

function renderLink({ operationId, method, path }: Route): Html {
  return html`<a href="#${operationId}"><span class="method">${method}</span> ${path}</a>`;
}

function renderRoute(route: Route): Html {
  const { operationId, method, path, summary, description, parameters, requestBody } = route;
  const scope = route.security[0]?.["token"]?.[0];
  return html`<section id="${operationId}">
    <h3><span class="method">${method}</span> <code>${path}</code></h3>
    <p><b>${summary}</b></p>
    ${prose(description)} ${scope === undefined ? null : html`<p>Scope: <code>${scope}</code></p>`}
    ${
      parameters.length > 0
        ? html`<table>
            ${parameters.map(renderParameter)}
          </table>`
        : null
    }
    ${requestBody === undefined ? null : html`<p>Body: ${bodyTypes(requestBody)}</p>`}
    <table>
      ${Object.entries(route.responses).map(([status, answer]) => renderAnswer(status, answer))}
    </table>
  </section>`;
}

function renderParameter(parameter: Parameter): Html {
  const { name, required, schema } = parameter;
  return html`<tr>
    <th><code>${name}</code><small>${parameter.in}${required ? "" : ", optional"}</small></th>
    <td>${typeOf(schema)}<small>${limitsOf(schema)}</small></td>
    <td>${prose(parameter.description)}</td>
  </tr>`;
}

function bodyTypes({ content = {} }: Content): Html {
  const types = Object.entries(content).map(
    ([type, { schema }]) =>
      html`${schema.$ref === undefined ? html`${schema.description ?? ""}` : typeOf(schema)}
        <small>${type}</small>`,
  );
  return html`${types}`;
}

function renderAnswer(status: string, answer: Content): Html {
  const headers = Object.entries(answer.headers ?? {}).map(
    ([name, { description }]) => html`<small><code>${name}</code>: ${description}</small>`,
  );
  return html`<tr>
    <th><code>${status}</code></th>
    <td>${bodyTypes(answer)}</td>
    <td>${prose(answer.description)}${headers}</td>
  </tr>`;
}

function renderWebhook([kind, webhook]: [string, Record<string, unknown>]): Html {
  const { summary, requestBody } = webhook["post"] as { summary: string; requestBody: Content };
  return html`<section id="on-${kind}">
    <h3><span class="method">POST</span> ${kind}</h3>
    ${prose(summary)}
    <p>Body: ${bodyTypes(requestBody)}</p>
  </section>`;
}

function renderError({ code, status, meaning }: ReturnType<typeof describeErrors>[number]): Html {
  return html`<tr id="${code}">
    <th><code>${code}</code></th>
    <td>${status}</td>
    <td>${prose(meaning)}</td>
  </tr>`;
}

function renderFailure([code, meaning]: [string, string]): Html {
  return html`<tr>
    <th><code>${code}</code></th>
    <td>${prose(meaning)}</td>
  </tr>`;
}
