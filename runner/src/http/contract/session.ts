/** Logins of browsers. Programs send their token with each request and need none of this. */
import { z } from "zod";
import { SCOPE_NAMES } from "../../domain/scope.ts";
import { defineRoute } from "./route-contract.ts";

const Login = z
  .strictObject({
    token: z.string().min(1).max(1024).optional().describe("A token."),
    key: z
      .string()
      .min(1)
      .max(1024)
      .optional()
      .describe("The key of a one-use link, which is what follows `#key=` in it."),
  })
  .refine(({ token, key }) => (token === undefined) !== (key === undefined), {
    message: "must have either a token or a key",
  })
  .meta({
    id: "Login",
    description: "What to log in with: a token or the key of a one-use link.",
    examples: [{ token: "pg_4vDmN1zGq8xUe0Rj7Yk2cWb5Ta9Lh3Sf6Op1Ix8Zn0M" }],
  });

const Session = z
  .object({
    name: z.string().nullable().describe("Name of the token. `null` for the daemon's own token."),
    scope: z.enum(SCOPE_NAMES).describe("What the token is allowed to do."),
    expiresAt: z.iso
      .datetime()
      .nullable()
      .describe("When the session ends. `null` for a request with a bearer token."),
    version: z.string().describe("Version of the daemon."),
    environment: z
      .string()
      .nullable()
      .describe("Name of the daemon's environment: the value of `PLAYGROUND_ENVIRONMENT`."),
  })
  .meta({
    id: "Session",
    description: "Who sends the request.",
    examples: [
      {
        name: "anna",
        scope: "run",
        expiresAt: "2026-11-30T09:30:00.000Z",
        version: "0.1.0",
        environment: "production",
      },
    ],
  });

export type Session = z.infer<typeof Session>;

export const logIn = defineRoute({
  operationId: "logIn",
  method: "POST",
  path: "/v1/session",
  tag: "access",
  summary: "Log in a browser",
  description:
    "Sets a cookie that stands for the token, which is how the console sends its requests. The session ends after `PLAYGROUND_SESSION_DAYS`, when the token is removed, or with `DELETE /v1/session`. Ten failed logins a minute from one address are the limit. Programs need no session: they send the token with each request.",
  access: "open",
  maxBodyBytes: 4096,
  body: Login,
  responses: {
    200: {
      description: "The browser is logged in.",
      schema: Session,
      headers: { "Set-Cookie": "The session's cookie." },
    },
  },
  refusals: ["UNAUTHORIZED", "TOO_MANY_LOGINS"],
});

export const getSession = defineRoute({
  operationId: "getSession",
  method: "GET",
  path: "/v1/session",
  tag: "access",
  summary: "Show who sends the request",
  description: "Also works with a bearer token, for example to check it.",
  access: "read",
  responses: { 200: { description: "The token of the request.", schema: Session } },
  refusals: [],
});

export const logOut = defineRoute({
  operationId: "logOut",
  method: "DELETE",
  path: "/v1/session",
  tag: "access",
  summary: "Log out a browser",
  description: "Ends the session and its open event streams. A bearer token stays valid.",
  access: "read",
  responses: { 204: { description: "The session has ended." } },
  refusals: [],
});
