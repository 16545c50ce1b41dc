/**
 * Plays Make's side of a custom app, as developers.make.com/custom-apps-documentation tells it:
 * base merged into each request, placeholders filled in, `response.*` applied to the answer.
 */
import { readFile } from "node:fs/promises";
import { render } from "./iml.ts";
import type { Communication, Makecomapp, Parameter } from "./schema.ts";

const FOLDER = new URL("../../../../docs/guides/make/app/", import.meta.url);

export type Collection = Record<string, unknown>;
type Kind = "connection" | "webhook" | "module" | "rpc";

export async function readAppFile<T>(path: string): Promise<T> {
  return JSON.parse(await readFile(new URL(path, FOLDER), "utf8")) as T;
}

export const manifest = await readAppFile<Makecomapp>("makecomapp.json");
const base = await readAppFile<Communication & { baseUrl: string }>(
  manifest.generalCodeFiles.base ?? "",
);

/** The file of a component, such as `communication` of module `runJob`. */
export async function codeOf<T>(kind: Kind, id: string, code: string): Promise<T> {
  const path = manifest.components[kind][id]?.codeFiles[code];
  if (typeof path !== "string") throw new Error(`${kind} ${id} has no ${code}.`);
  return readAppFile<T>(path);
}

export function interfaceOf(moduleId: string): Promise<Parameter[]> {
  return codeOf("module", moduleId, "interface");
}

export interface MakeError extends Error {
  readonly type: string;
}

function toError(message: string, type: string): MakeError {
  return Object.assign(new Error(message), { type });
}

interface Answer {
  readonly body: Collection;
  readonly statusCode: number;
}

async function send(request: Communication, variables: Collection): Promise<Answer> {
  const { url, method = "GET", headers, qs, body } = render(request, variables) as Communication;
  const target = new URL(url ?? "");
  for (const [name, value] of Object.entries(qs ?? {}))
    target.searchParams.set(name, String(value));
  const answer = await fetch(target, {
    method,
    headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return {
    statusCode: answer.status,
    body: text === "" ? {} : (JSON.parse(text) as Collection),
  };
}

function check({ response }: Communication, answer: Answer): void {
  if (answer.statusCode >= 400) {
    const error = response?.error;
    const { message, type = "RuntimeError" } = {
      ...error,
      ...(error?.[String(answer.statusCode)] as typeof error),
    };
    throw toError(String(render(message, { ...answer })), type);
  }
  const { valid } = response ?? {};
  if (valid !== undefined && !render(valid.condition, { ...answer })) {
    throw toError(valid.message, valid.type);
  }
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

/** One run of a component's communication: its bundles, and what `response.data` keeps. */
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
  const limit = (): number =>
    Number(render(communication.response?.limit, variables) ?? Number.POSITIVE_INFINITY);
  for (;;) {
    const answer = await send(request, variables);
    check(request, answer);
    const known = { ...variables, ...answer };
    bundles.push(...bundlesOf(request, known));
    const { pagination } = communication;
    const isMore = pagination !== undefined && render(pagination.condition, known) === true;
    if (isMore && bundles.length < limit()) {
      const qs = render(pagination.qs, known) as Communication["qs"];
      request = { ...request, qs: { ...request.qs, ...qs } };
      continue;
    }
    return {
      bundles: bundles.slice(0, limit()),
      data: (render(communication.response?.data, known) ?? {}) as Collection,
      metadata: render(communication.response?.metadata, known),
    };
  }
}

/** Where a bundle is not what the interface declares. */
export function misfits(fields: readonly Parameter[], bundle: unknown, path = ""): string[] {
  if (typeof bundle !== "object" || bundle === null) return [`${path} is no collection`];
  const undeclared = Object.keys(bundle)
    .filter((key) => !fields.some(({ name }) => name === key))
    .map((key) => `${path}/${key} is not declared`);
  return [
    ...undeclared,
    ...fields.flatMap((field) =>
      fieldMisfits(field, (bundle as Collection)[field.name ?? ""], `${path}/${field.name}`),
    ),
  ];
}

function fieldMisfits(field: Parameter, value: unknown, path: string): string[] {
  // Make knows no nullable types: a null is an empty value of any of them.
  if (value === null || value === undefined || field.type === "any") return [];
  const wrong = [`${path} is ${typeof value}, and ${field.type} in the interface`];
  switch (field.type) {
    case "text":
      return typeof value === "string" ? [] : wrong;
    case "date":
      return typeof value === "string" && !Number.isNaN(Date.parse(value)) ? [] : wrong;
    case "integer":
      return Number.isInteger(value) ? [] : wrong;
    case "number":
    case "boolean":
      return typeof value === field.type ? [] : wrong;
    case "collection":
      return Array.isArray(field.spec) ? misfits(field.spec, value, path) : [];
    case "array": {
      if (!Array.isArray(value)) return wrong;
      return value.flatMap((item, at) => itemMisfits(field.spec, item, `${path}/${at}`));
    }
    default:
      return [`${path} has the type ${field.type}, which no answer has`];
  }
}

function itemMisfits(spec: Parameter["spec"], item: unknown, path: string): string[] {
  if (Array.isArray(spec)) return misfits(spec, item, path);
  return spec === undefined ? [] : fieldMisfits(spec as Parameter, item, path);
}
