import type { IncomingMessage } from "node:http";
import type { FastifyInstance } from "fastify";

const JSON_TYPES: ReadonlySet<string> = new Set(["application/json", "application/problem+json"]);

/** Whether the client is a browser: it accepts HTML, and prefers it to JSON. */
export function asksForHtml({ headers }: Pick<IncomingMessage, "headers">): boolean {
  const { accept } = headers;
  if (accept === undefined || !accept.includes("html")) return false;
  let html = 0;
  let json = 0;
  for (const range of accept.toLowerCase().split(",")) {
    const [type = "", ...parameters] = range.split(";").map((part) => part.trim());
    const weight = parameters.find((parameter) => parameter.startsWith("q="));
    const quality = weight === undefined ? 1 : Number(weight.slice(2));
    if (type === "text/html") html = quality;
    else if (JSON_TYPES.has(type)) json = Math.max(json, quality);
  }
  return html > json;
}

/** Adds the route constraint `html: true`. A client that does not ask for HTML gets a 404 there. */
export function registerHtmlConstraint(app: FastifyInstance): void {
  app.addConstraintStrategy({
    name: "html",
    storage() {
      let kept: unknown = null;
      return { get: () => kept as never, set: (_wanted, handler) => void (kept = handler) };
    },
    // Without a value, only routes without the constraint match.
    deriveConstraint: (request) => asksForHtml(request) || undefined,
    validate() {},
  });
}
