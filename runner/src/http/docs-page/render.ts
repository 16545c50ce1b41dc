/** The OpenAPI document as one page. */
import { FAILURES } from "../../domain/errors.ts";
import { describeErrors } from "../error-map.ts";
import type { OpenApiDocument, Operation, Parameter } from "../openapi.ts";
import { createPage, type Page } from "../pages/frame.ts";
import { html, prose, type Html, withCode } from "../pages/html.ts";
import { ICON } from "../pages/style.ts";
import { limitsOf, renderSchema, typeOf, type Schema } from "./schema.ts";
import { STYLE } from "./style.ts";

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

export function renderDocs(document: OpenApiDocument): Page {
  const { title = "", version = "", summary } = document.info as Record<string, string>;
  const routes = routesOf(document);
  const schemas = Object.entries(document.components.schemas);
  const byTag = document.tags.map((tag) => ({
    ...tag,
    routes: routes.filter((route) => route.tags.includes(tag.name)),
  }));
  const body = html`<nav aria-label="Contents">
      <a class="brand" href="./">${ICON} ${title}</a>
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
      <h1>${title} API <small>${version}</small></h1>
      ${prose(summary)}
      <p>
        Send <code>Authorization: Bearer TOKEN</code> with every request except the health checks.
        The OpenAPI document is at <a href="openapi.json">/openapi.json</a>.
      </p>
      ${byTag.map(
        (tag) =>
          html`<h2>${tag.name}</h2>
            ${prose(tag.description)}${tag.routes.map(renderRoute)}`,
      )}
      <h2>Webhooks</h2>
      ${Object.entries(document.webhooks).map(renderWebhook)}
      <h2 id="errors">Errors</h2>
      ${prose("Every error is `application/problem+json` with one of these codes.")}
      <div class="card">
        <table class="bare">
          ${describeErrors().map(renderError)}
        </table>
      </div>
      <h2 id="failures">Failures</h2>
      ${prose("Why a job failed: the `errorCode` of the job and of its `failed` event.")}
      <div class="card">
        <table class="bare">
          ${Object.entries(FAILURES).map(renderFailure)}
        </table>
      </div>
      <h2>Schemas</h2>
      ${schemas.map(([name, schema]) => renderSchema(name, schema))}
    </main>`;
  return createPage({ title: `${title} API`, style: STYLE, body });
}

function renderLink({ operationId, method, path }: Route): Html {
  return html`<a class="call" href="#${operationId}"
    ><span class="method">${method}</span> ${path}</a
  >`;
}

function renderRoute(route: Route): Html {
  const { operationId, method, path, summary, description, parameters, requestBody } = route;
  const scope = route.security[0]?.["token"]?.[0];
  return html`<section class="card" id="${operationId}">
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
    <table class="answers">
      ${Object.entries(route.responses).map(([status, answer]) => renderAnswer(status, answer))}
    </table>
  </section>`;
}

function renderParameter(parameter: Parameter): Html {
  const { name, required, schema } = parameter;
  return html`<tr>
    <th><code>${name}</code><small>${parameter.in}${required ? "" : ", optional"}</small></th>
    <td class="type">${typeOf(schema)}<small>${limitsOf(schema)}</small></td>
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
    ([name, { description }]) =>
      html`<small><code>${name}</code>: ${withCode(description)}</small>`,
  );
  return html`<tr>
    <th><code>${status}</code></th>
    <td class="type">${bodyTypes(answer)}</td>
    <td>${prose(answer.description)}${headers}</td>
  </tr>`;
}

function renderWebhook([kind, webhook]: [string, Record<string, unknown>]): Html {
  const { summary, requestBody } = webhook["post"] as { summary: string; requestBody: Content };
  return html`<section class="card" id="on-${kind}">
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
