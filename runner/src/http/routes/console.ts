import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { Refused } from "../../domain/errors.ts";
import { registerHtmlConstraint } from "../asks-for-html.ts";
import { acceptedEncoding, createConsoleFiles, type ConsoleFile } from "../console-files.ts";

/** Without inline code. The console's charts set styles from a script, which the policy allows. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const PAGE_HEADERS = {
  "content-security-policy": POLICY,
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  // Asks each time whether the page is still current, because it names the assets of one build.
  "cache-control": "no-cache",
  vary: "accept, accept-encoding",
} as const;

const ASSET_HEADERS = {
  // A name contains a hash of the content.
  "cache-control": "public, max-age=31536000, immutable",
  "cross-origin-resource-policy": "same-origin",
  vary: "accept-encoding",
} as const;

const NOT_BUILT =
  "The console is not built: run `npm run build` in the folder of the project, then reload this page.\n";

/**
 * The console for people who open the daemon's address. It needs no token, because it contains no
 * data. It is not part of the API: programs get a 404 at `/`. Its URLs are relative, so that it works
 * under a proxy's path.
 */
export function registerConsole(
  app: FastifyInstance,
  { consoleDir, basePath }: { readonly consoleDir: URL; readonly basePath: string },
): void {
  const files = createConsoleFiles(consoleDir);
  registerHtmlConstraint(app);
  const forBrowsers = { constraints: { html: true }, config: { access: "open" } } as const;
  app.get("/", forBrowsers, async (request, reply) => {
    reply.headers(PAGE_HEADERS);
    const page = files.index();
    if (page !== null) return send(page, request, reply);
    return reply.code(503).type("text/plain; charset=utf-8").send(NOT_BUILT);
  });
  if (basePath !== "") {
    // The page's relative URLs need the slash at the end. The base path is added to the location.
    app.get(basePath, forBrowsers, async (_request, reply) => reply.redirect("/", 308));
  }
  app.get<{ Params: { name: string } }>(
    "/assets/:name",
    { config: { access: "open" } },
    async (request, reply) => {
      const { name } = request.params;
      const file = files.asset(name);
      if (file !== null) return send(file, request, reply.headers(ASSET_HEADERS));
      const detail = `The console has no file ${JSON.stringify(name)}. If it was updated, reload the page.`;
      throw new Refused("ROUTE_NOT_FOUND", detail);
    },
  );
}

async function send(
  file: ConsoleFile,
  { headers }: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  reply.header("etag", file.etag);
  if (headers["if-none-match"]?.includes(file.etag)) return reply.code(304).send();
  const encoding = acceptedEncoding(headers["accept-encoding"]);
  const smaller = encoding === null ? null : await file.encoded(encoding);
  if (encoding !== null && smaller !== null) reply.header("content-encoding", encoding);
  return reply.type(file.type).send(smaller ?? file.body);
}
