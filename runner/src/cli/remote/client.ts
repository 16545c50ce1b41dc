/** Requests to a running daemon. The types of requests and responses are those of the contract. */
import type { z } from "zod";
import { Problem } from "../../http/contract/problem.ts";
import type { RouteContract } from "../../http/contract/route-contract.ts";
import { VERSION } from "../../version.ts";
import { CommandFailed } from "../command-failed.ts";
import type { DaemonAddress } from "./find-daemon.ts";

export interface RequestTo<C extends RouteContract> {
  readonly params?: C["params"] extends z.ZodType ? z.input<C["params"]> : undefined;
  readonly query?: C["query"] extends z.ZodType ? z.input<C["query"]> : undefined;
  readonly body?: C["body"] extends z.ZodType ? z.input<C["body"]> : undefined;
  /** Sent as it is, for a route that takes a body of any type. */
  readonly rawBody?: ReadableStream<Uint8Array>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

type BodyOf<C extends RouteContract> = {
  [Status in keyof C["responses"]]: C["responses"][Status] extends {
    schema: infer S extends z.ZodType;
  }
    ? z.output<S>
    : never;
}[keyof C["responses"]];

export interface Answer<Body> {
  readonly status: number;
  /** The body as the daemon sent it. */
  readonly text: string;
  /** Throws `CommandFailed` when the body is not what the contract says. */
  body(): Body;
}

export interface Client {
  readonly url: string;
  /** Throws `CommandFailed`, with what to do, unless the status is 2xx. */
  call<C extends RouteContract>(route: C, request?: RequestTo<C>): Promise<Answer<BodyOf<C>>>;
  /** The same, for a response that is a stream of events. */
  open<C extends RouteContract>(route: C, request?: RequestTo<C>): Promise<Response>;
}

export function createClient(daemon: DaemonAddress): Client {
  async function open<C extends RouteContract>(route: C, request: RequestTo<C> = {}) {
    const { body, rawBody, headers, signal } = request;
    const response = await fetch(daemon.url + pathOf(route, request), {
      method: route.method,
      redirect: "manual",
      headers: {
        authorization: `Bearer ${daemon.token}`,
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(rawBody !== undefined && { body: rawBody, duplex: "half" as const }),
      ...(signal !== undefined && { signal }),
    }).catch((error: unknown) => {
      throw signal?.aborted ? error : cannotReach(error, daemon);
    });
    if (!response.ok) throw toFailure(route, response, { daemon, text: await response.text() });
    return response;
  }

  return {
    url: daemon.url,
    open,
    async call<C extends RouteContract>(route: C, request?: RequestTo<C>) {
      const response = await open(route, request);
      const text = await response.text();
      const { status } = response;
      return { status, text, body: () => parse(route, { status, text }) as BodyOf<C> };
    },
  };
}

type Queried = string | number | boolean | readonly string[] | Paths | undefined;
/** Values at paths, each a parameter of its own: `meta.customer.id=7`. */
type Paths = Readonly<Record<string, string>>;

function pathOf(
  route: RouteContract,
  { params = {}, query = {} }: { readonly params?: unknown; readonly query?: unknown },
) {
  const values = params as Readonly<Record<string, string>>;
  const path = route.path.replaceAll(/:(\w+)/g, (_, name: string) =>
    encodeURIComponent(values[name] ?? ""),
  );
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query as Readonly<Record<string, Queried>>)) {
    if (isPaths(value)) {
      for (const [key, one] of Object.entries(value)) search.append(`${name}.${key}`, one);
    } else {
      for (const one of [value].flat()) if (one !== undefined) search.append(name, `${one}`);
    }
  }
  return search.size === 0 ? path : `${path}?${search.toString()}`;
}

function isPaths(value: Queried): value is Paths {
  return typeof value === "object" && !Array.isArray(value);
}

function parse(route: RouteContract, { status, text }: { status: number; text: string }): unknown {
  const schema = route.responses[status]?.schema;
  if (schema === undefined) return undefined;
  const parsed = schema.safeParse(JSON.parse(text));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new CommandFailed(
    1,
    `The daemon's response to ${route.method} ${route.path} is not the one of version ${VERSION}: ${issue?.path.join(".")}: ${issue?.message}. Use the command of the daemon's version, or --json, which shows the response as it is.`,
  );
}

function cannotReach(error: unknown, { url, urlSource }: DaemonAddress): CommandFailed {
  const cause = (error as Error).cause as NodeJS.ErrnoException | undefined;
  const why = cause?.code ?? (error as Error).message;
  const hint =
    why === "ECONNREFUSED"
      ? "The daemon is not running, or listens elsewhere"
      : "The daemon, or the network to it, does not respond";
  return new CommandFailed(
    3,
    `Cannot reach ${url}, which is from ${urlSource}. ${hint} (${why}).`,
    {
      cause: error,
    },
  );
}

function toFailure(
  route: RouteContract,
  response: Response,
  { daemon, text }: { daemon: DaemonAddress; text: string },
): CommandFailed {
  const { status } = response;
  if (status >= 300 && status < 400) {
    const to = response.headers.get("location") ?? "another URL";
    return new CommandFailed(2, `${daemon.url} redirects to ${to}: use the URL it redirects to.`);
  }
  const problem = toProblem(text);
  if (problem === null) {
    return new CommandFailed(
      status >= 500 ? 3 : 4,
      `${daemon.url} answered ${status} without a message of a Playground daemon: the URL is of another program, or a proxy answered.`,
    );
  }
  const { code, detail, issues } = problem;
  if (code === "UNAUTHORIZED") {
    return new CommandFailed(
      4,
      `The daemon at ${daemon.url} refused the token, which is from ${daemon.tokenSource}. Name the right one with --token-file or PLAYGROUND_TOKEN_FILE.`,
    );
  }
  if (code === "ROUTE_NOT_FOUND" || code === "METHOD_NOT_ALLOWED") {
    return new CommandFailed(
      4,
      `The daemon at ${daemon.url} does not know ${route.method} ${route.path}: it is older than this command, which is of version ${VERSION}. Update the daemon.`,
    );
  }
  const more =
    issues.length > 1 ? issues.map((one) => `\n  ${one.path}: ${one.message}`).join("") : "";
  return new CommandFailed(exitCodeFor(status), `${code}: ${detail}${more}`);
}

function exitCodeFor(status: number): 2 | 3 | 4 {
  if (status >= 500) return 3;
  return status === 400 ? 2 : 4;
}

function toProblem(text: string): Problem | null {
  try {
    return Problem.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
