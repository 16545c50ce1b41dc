/**
 * Runs the custom app like Make does: merges the base into each request, renders the templates and
 * applies `response` to what the daemon returns. Source:
 * developers.make.com/custom-apps-documentation
 */
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { render } from "./iml.ts";
import type { Base, Communication, Makecomapp, Parameter } from "./schema.ts";

const FOLDER = new URL("../../../../docs/guides/make/app/", import.meta.url);

export type Collection = Record<string, unknown>;
type Kind = "connection" | "webhook" | "module" | "rpc";

export async function readAppFile<T>(path: string): Promise<T> {
  return JSON.parse(await readFile(new URL(path, FOLDER), "utf8")) as T;
}

export const manifest = await readAppFile<Makecomapp>("makecomapp.json");
const base = await readAppFile<Base>(manifest.generalCodeFiles.base);

/** Reads a file of a component, such as `communication` of the module `runJob`. */
export async function codeOf<T>(kind: Kind, id: string, code: string): Promise<T> {
  const path = manifest.components[kind][id]?.codeFiles[code];
  if (typeof path !== "string") throw new Error(`The ${kind} ${id} has no ${code}.`);
  return readAppFile<T>(path);
}

interface Received {
  readonly body: Collection;
  readonly statusCode: number;
}

async function send(request: Communication, variables: Collection): Promise<Received> {
  const { url, method = "GET", headers, qs, body } = render(request, variables) as Communication;
  const target = new URL(url ?? "");
  for (const [name, value] of Object.entries(qs ?? {}))
    target.searchParams.set(name, String(value));
  const response = await fetch(target, {
    method,
    headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    statusCode: response.status,
    body: text === "" ? {} : (JSON.parse(text) as Collection),
  };
}

/** Throws the error that the app defines for a response that is not valid. */
function check({ response = {} }: Communication, received: Received): void {
  const { valid, error } = response;
  const isError = received.statusCode >= 400;
  if (!isError && (valid === undefined || render(valid.condition, { ...received }) === true))
    return;
  const failure = isError ? { ...error, ...error?.[String(received.statusCode)] } : valid;
  const message = String(render(failure?.message, { ...received }));
  throw Object.assign(new Error(message), { type: failure?.type });
}

function bundlesOf({ response = {} }: Communication, variables: Collection): unknown[] {
  const { iterate, output = "{{body}}" } = response;
  if (iterate === undefined) return [render(output, variables)];
  const { container, condition = true } =
    typeof iterate === "string" ? { container: iterate } : iterate;
  const items = render(container, variables) as unknown[];
  return items
    .map((item) => ({ ...variables, item }))
    .filter((each) => render(condition, each) === true)
    .map((each) => render(output, each));
}

/** Runs a component's communication once. Returns its bundles and the results of `response`. */
export async function run(
  communication: Communication,
  variables: Collection,
): Promise<{ bundles: unknown[]; data: Collection; metadata: unknown }> {
  const isRelative = communication.url?.startsWith("/") === true;
  let request: Communication = isRelative
    ? {
        ...communication,
        url: base.baseUrl + communication.url,
        headers: { ...base.headers, ...communication.headers },
        response: { ...base.response, ...communication.response },
      }
    : communication;
  const bundles: unknown[] = [];
  const { pagination, response } = communication;
  const limit = Number(render(response?.limit, variables) ?? Number.POSITIVE_INFINITY);
  for (;;) {
    const received = await send(request, variables);
    check(request, received);
    const known = { ...variables, ...received };
    bundles.push(...bundlesOf(request, known));
    const hasMore = pagination !== undefined && render(pagination.condition, known) === true;
    if (hasMore && bundles.length < limit) {
      const qs = render(pagination.qs, known) as Communication["qs"];
      request = { ...request, qs: { ...request.qs, ...qs } };
      continue;
    }
    return {
      bundles: bundles.slice(0, limit),
      data: (render(response?.data, known) ?? {}) as Collection,
      metadata: render(response?.metadata, known),
    };
  }
}

/**
 * The bundles that an interface declares. Make has no nullable types: null is an empty value of any
 * type.
 */
export function toBundleSchema(fields: readonly Parameter[]): z.ZodType {
  return z.strictObject(
    Object.fromEntries(fields.map((field) => [field.name ?? "", toValueSchema(field).nullish()])),
  );
}

function toValueSchema({ type, spec }: Pick<Parameter, "type" | "spec">): z.ZodType {
  switch (type) {
    case "any":
      return z.any();
    case "text":
      return z.string();
    case "date":
      return z.iso.datetime();
    case "integer":
      return z.int();
    case "number":
      return z.number();
    case "boolean":
      return z.boolean();
    case "collection":
      return isFields(spec) ? toBundleSchema(spec) : z.looseObject({});
    case "array":
      if (isFields(spec)) return z.array(toBundleSchema(spec));
      return z.array(toValueSchema(spec ?? { type: "any" }).nullish());
    default:
      throw new Error(`A bundle has no fields of the type ${type}.`);
  }
}

function isFields(spec: Parameter["spec"]): spec is readonly Parameter[] {
  return Array.isArray(spec);
}
