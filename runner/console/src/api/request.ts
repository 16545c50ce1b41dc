/** Requests to the daemon's API. */
import type { Operations, Problem } from "./schema.ts";

export type OperationId = keyof Operations;

type Query = Readonly<Record<string, unknown>>;

interface RequestOptions<Id extends OperationId> {
  readonly params?: Operations[Id]["params"];
  readonly query?: Operations[Id]["query"];
  readonly body?: Operations[Id]["body"];
  readonly signal?: AbortSignal;
}

/** A response that is an error. `status` is 0 when there was no response. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly issues: Problem["issues"];

  constructor({ status, code, detail, issues }: Omit<Problem, "type" | "title">) {
    super(detail);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.issues = issues;
  }
}

/** Called when the daemon answers that there is no session. session.ts shows the login. */
let onUnauthorized = (): void => undefined;
export function whenUnauthorized(listener: () => void): void {
  onUnauthorized = listener;
}

/** The address of a path of the API, relative to the console's own address, so that it works under any path. */
export function apiUrl(path: string, query: Query = {}): string {
  const url = new URL(path.replace(/^\//, ""), document.baseURI.replace(/#.*$/, ""));
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === null || value === "") continue;
    if (typeof value === "object" && !Array.isArray(value)) {
      for (const [key, one] of Object.entries(value)) {
        url.searchParams.append(`${name}.${key}`, String(one));
      }
      continue;
    }
    for (const one of Array.isArray(value) ? value : [value]) {
      url.searchParams.append(name, String(one));
    }
  }
  return url.href;
}

/** Sends the operation and returns the parsed response. Throws ApiError, or AbortError when aborted. */
export async function call<Id extends OperationId>(
  operation: Id,
  options: RequestOptions<Id> = {},
): Promise<Operations[Id]["result"]> {
  const text = await callForText(operation, options);
  return (text === "" ? undefined : JSON.parse(text)) as Operations[Id]["result"];
}

/** Like `call`, but returns the response as it was sent: JSON.parse would change large integers. */
export async function callForText<Id extends OperationId>(
  operation: Id,
  { params = {}, query, body, signal }: RequestOptions<Id> = {},
): Promise<string> {
  const [method = "", template = ""] = operation.split(" ");
  const values = params as Readonly<Record<string, string>>;
  const path = template.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(values[name] ?? ""),
  );
  const response = await send(apiUrl(path, query), {
    method,
    headers: {
      accept: "application/json",
      // The daemon takes a cookie's unsafe request only as JSON, which no form of another site can send.
      ...(method === "GET" ? {} : { "content-type": "application/json" }),
    },
    ...(method === "GET" ? {} : { body: JSON.stringify(body ?? {}) }),
    ...(signal === undefined ? {} : { signal }),
  });
  return response.text();
}

/** Fetches and throws ApiError unless the response is a success. */
export async function send(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, { credentials: "same-origin", ...init }).catch(
    (error: unknown) => {
      if (init.signal?.aborted === true) throw error;
      throw new ApiError({
        status: 0,
        code: "NO_CONNECTION",
        detail: "The daemon cannot be reached. Is it running?",
        issues: [],
      });
    },
  );
  if (response.ok) return response;
  throw await toError(response);
}

/** What a response that is no success says. Shows the login when there is no session. */
export async function toError(response: Response): Promise<ApiError> {
  const { status, statusText } = response;
  if (status === 401) onUnauthorized();
  try {
    const { code, detail, issues } = (await response.json()) as Problem;
    return new ApiError({ status, code, detail, issues });
  } catch {
    // Not the daemon's answer but a proxy's.
    const detail = `The response has the status ${status} ${statusText}.`.replace(" .", ".");
    return new ApiError({ status, code: `HTTP_${status}`, detail, issues: [] });
  }
}
