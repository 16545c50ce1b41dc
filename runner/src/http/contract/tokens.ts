import { z } from "zod";
import { SCOPE_NAMES } from "../../domain/scope.ts";
import { defineRoute } from "./route-contract.ts";

const name = z
  .string()
  .regex(
    /^\w[\w.-]{0,63}$/,
    "must be 1 to 64 letters, digits, dots, dashes or underscores, and begin with a letter, digit or underscore",
  )
  .describe("Name of the token. The log names it for each request.");
const scope = z.enum(SCOPE_NAMES).describe("What the token is allowed to do.");

const AddToken = z.strictObject({ name, scope }).meta({
  id: "AddToken",
  description: "A token to add.",
  examples: [{ name: "n8n", scope: "run" }],
});

const Token = z
  .object({ name, scope, createdAt: z.iso.datetime().describe("When it was added.") })
  .meta({
    id: "Token",
    description: "A token that was added, without the token itself.",
    examples: [{ name: "n8n", scope: "run", createdAt: "2026-11-23T09:30:00.000Z" }],
  });

const AddedToken = Token.extend({
  token: z.string().describe("The token. Only this response contains it."),
}).meta({
  id: "AddedToken",
  description: "A new token.",
  examples: [
    {
      name: "n8n",
      scope: "run",
      createdAt: "2026-11-23T09:30:00.000Z",
      token: "pg_4vDmN1zGq8xUe0Rj7Yk2cWb5Ta9Lh3Sf6Op1Ix8Zn0M",
    },
  ],
});

export const listTokens = defineRoute({
  operationId: "listTokens",
  method: "GET",
  path: "/v1/tokens",
  tag: "access",
  summary: "List tokens",
  description: "The daemon's own token is not in the list.",
  access: "admin",
  responses: {
    200: {
      description: "All added tokens, oldest first.",
      schema: z
        .object({ tokens: z.array(Token) })
        .meta({ id: "TokenList", description: "The added tokens." }),
    },
  },
  refusals: [],
});

export const addToken = defineRoute({
  operationId: "addToken",
  method: "POST",
  path: "/v1/tokens",
  tag: "access",
  summary: "Add a token",
  description: "The daemon accepts it immediately, and stores only its digest.",
  access: "admin",
  body: AddToken,
  responses: { 201: { description: "The token, shown only once.", schema: AddedToken } },
  refusals: ["TOKEN_EXISTS"],
});

export const removeToken = defineRoute({
  operationId: "removeToken",
  method: "DELETE",
  path: "/v1/tokens/:name",
  tag: "access",
  summary: "Remove a token",
  description:
    "The daemon refuses it immediately. Its sessions end, and its open event streams within 15 s.",
  access: "admin",
  params: z.object({ name: z.string().describe("Name of the token.") }),
  responses: { 204: { description: "The token was removed." } },
  refusals: ["TOKEN_NOT_FOUND"],
});
