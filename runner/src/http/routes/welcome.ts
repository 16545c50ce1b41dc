import type { FastifyInstance } from "fastify";
import { registerHtmlConstraint } from "../asks-for-html.ts";
import { sendPage } from "../pages/frame.ts";
import { renderWelcome } from "../pages/welcome.ts";

/** The page for people who open the daemon's address. It is not part of the API: programs get a 404 at `/`. */
export function registerWelcome(
  app: FastifyInstance,
  { notReady }: { readonly notReady: () => readonly string[] },
): void {
  registerHtmlConstraint(app);
  app.route({
    method: "GET",
    url: "/",
    constraints: { html: true },
    config: { access: "open" },
    handler: async (_request, reply) =>
      sendPage(reply.header("vary", "accept"), renderWelcome(notReady())),
  });
}
