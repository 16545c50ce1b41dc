import type { FastifyInstance, FastifyReply, FastifyRequest, FastifySchema } from "fastify";
import type { z } from "zod";
import type { JsonText } from "../domain/json-text.ts";
import { Refused, summarize } from "../domain/errors.ts";
import type { RouteContract } from "./contract/route-contract.ts";
import { nameKnownFields, toIssues } from "./zod-issues.ts";

type Parsed<S> = S extends z.ZodType ? z.output<S> : undefined;

type ContractRequest<C extends RouteContract> = FastifyRequest<{
  Params: Parsed<C["params"]>;
  Querystring: Parsed<C["query"]>;
  Body: Parsed<C["body"]>;
}>;

type Handler<C extends RouteContract> = (
  request: ContractRequest<C>,
  reply: FastifyReply,
) => Promise<unknown>;

/**
 * Adds the contract's route. The handler gets the values that the contract's schemas parsed.
 * `checkBody` runs before the schemas and can throw, so that a huge body is refused unparsed.
 */
export function mount<C extends RouteContract>(
  app: FastifyInstance,
  contract: C & { readonly checkBody?: (body: unknown) => void },
  handler: Handler<C>,
): void {
  const { method, path: url, access, maxBodyBytes, checkBody, rawBody, isSigned } = contract;
  const { params, query: querystring, body } = contract;
  const schema: FastifySchema = {
    ...(params && { params }),
    ...(querystring && { querystring }),
    ...(body && { body }),
  };
  app.route({
    method,
    url,
    schema,
    config: {
      access,
      isPage: isPage(contract),
      ...(maxBodyBytes && { maxBodyBytes }),
      ...(rawBody !== undefined && { isRawBody: true }),
      ...(isSigned && { isSigned }),
    },
    ...(checkBody && {
      preValidation: (request, _reply, done) => {
        checkBody(request.body);
        done();
      },
    }),
    handler: (request, reply) => handler(request as ContractRequest<C>, reply),
  });
}

function isPage({ responses }: RouteContract): boolean {
  return responses[200]?.otherBodies?.["text/html"] !== undefined;
}

/** Makes Fastify validate with zod. */
export function registerValidation(app: FastifyInstance): void {
  app.setValidatorCompiler<z.ZodType>(({ schema, httpPart }) => (given) => {
    const data: unknown = httpPart === "querystring" ? gatherPaths(given) : given;
    const parsed = schema.safeParse(data, { error: nameKnownFields });
    return parsed.success
      ? { value: parsed.data }
      : { error: toRefused(parsed.error, { data, httpPart }) };
  });
}

/** `meta.customer.id=7` and `meta[customer.id]=7` are the field `meta`, an object with one value a path. */
const PATH = /^meta(?:\.(?<dotted>.+)|\[(?<bracketed>.+)\])$/;

function gatherPaths(query: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  const meta: [string, unknown][] = [];
  for (const [name, value] of Object.entries(query)) {
    const { dotted, bracketed } = PATH.exec(name)?.groups ?? {};
    const path = dotted ?? bracketed;
    if (path === undefined) fields[name] = value;
    else meta.push([path, value]);
  }
  if (meta.length > 0) fields["meta"] = Object.fromEntries(meta);
  return fields;
}

function toRefused(
  error: z.ZodError,
  at: { data: unknown; httpPart?: string | undefined },
): Refused {
  const issues = toIssues(error, at.data);
  const part = at.httpPart === "querystring" ? "query" : (at.httpPart ?? "body");
  return new Refused("BODY_INVALID", `${summarize(issues, `The ${part}`)}.`, { issues });
}

/** Sends text that is already JSON. */
export function sendJson(reply: FastifyReply, text: JsonText): FastifyReply {
  return reply.header("content-type", "application/json; charset=utf-8").send(text);
}
