import { z } from "zod";
import { MAX_SECRET_BYTES } from "../../domain/secret-name.ts";
import { Instant } from "./fields.ts";
import { defineRoute } from "./route-contract.ts";

const SetSecret = z
  .strictObject({
    value: z
      .string()
      .min(1)
      .refine((value) => Buffer.byteLength(value) <= MAX_SECRET_BYTES, {
        message: `must be at most ${MAX_SECRET_BYTES} bytes in UTF-8`,
      })
      .describe(
        `The value, at most ${MAX_SECRET_BYTES} bytes. It is used exactly as it is. No response contains it.`,
      ),
  })
  .meta({
    id: "SetSecret",
    description: "The value of a secret.",
    examples: [{ value: "sk-0123456789abcdef" }],
  });

const Secret = z
  .object({
    name: z.string(),
    source: z
      .enum(["stored", "environment", "missing"])
      .describe(
        "Where this daemon takes the value from. `stored`: it was set by the API. `environment`: from a variable, which precedes one that was set. `missing`: jobs of the plugins that declare it wait.",
      ),
    variable: z
      .string()
      .nullable()
      .describe("The environment variable of this daemon that the value is taken from."),
    createdAt: Instant.nullable().describe("When it was first set by the API. Null if it is not."),
    updatedAt: Instant.nullable().describe("When it was last set by the API. Null if it is not."),
    plugins: z.array(z.string()).describe("The plugins that declare it."),
  })
  .meta({
    id: "Secret",
    description: "A secret of plugins, without its value.",
    examples: [
      {
        name: "OPENAI_API_KEY",
        source: "stored",
        variable: null,
        createdAt: "2026-11-23T09:30:00.000Z",
        updatedAt: "2026-11-23T09:30:00.000Z",
        plugins: ["summarize"],
      },
    ],
  });

export type Secret = z.infer<typeof Secret>;

/** Any text. The engine says what is wrong with a name. */
const NameParams = z.strictObject({
  name: z.string().describe("Name of the secret, as plugins declare it."),
});

export const listSecrets = defineRoute({
  operationId: "listSecrets",
  method: "GET",
  path: "/v1/secrets",
  tag: "secrets",
  summary: "List secrets",
  description: "Those that are set, and those that plugins declare. Never their values.",
  access: "admin",
  responses: {
    200: {
      description: "All secrets, by name.",
      schema: z
        .object({ secrets: z.array(Secret) })
        .meta({ id: "SecretList", description: "The secrets of plugins." }),
    },
  },
  refusals: [],
});

export const setSecret = defineRoute({
  operationId: "setSecret",
  method: "PUT",
  path: "/v1/secrets/:name",
  tag: "secrets",
  summary: "Set a secret",
  description:
    "Stores the value encrypted. The next step of each plugin that declares the secret gets it, and jobs that waited for it begin. An environment variable of a daemon precedes it there.",
  access: "admin",
  params: NameParams,
  body: SetSecret,
  responses: {
    200: { description: "The secret was set before, and has the new value.", schema: Secret },
    201: { description: "The secret is set.", schema: Secret },
  },
  refusals: ["SECRET_NAME_INVALID", "SECRET_LIMIT", "SECRET_NOT_FOUND"],
});

export const removeSecret = defineRoute({
  operationId: "removeSecret",
  method: "DELETE",
  path: "/v1/secrets/:name",
  tag: "secrets",
  summary: "Remove a secret",
  description:
    "Steps that run keep the value. Jobs of plugins that declare the secret wait until it is set again.",
  access: "admin",
  params: NameParams,
  responses: { 204: { description: "The secret was removed." } },
  refusals: ["SECRET_NOT_FOUND"],
});
