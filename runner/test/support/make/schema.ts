/**
 * The rules of Make's editor for the parts of a custom app that ours uses. Source: the schemas of
 * github.com/integromat/vscode-apps-sdk at eda3ce5 (syntaxes/imljson/schemas/{api,base,response,
 * parameters,groups}.json and syntaxes/local-development/schemas/makecomapp.schema.json).
 */
import { z } from "zod";

const Flat = z.record(
  z.string(),
  z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.unknown())]),
);

const ErrorType = z.enum([
  "RuntimeError",
  "DataError",
  "RateLimitError",
  "OutOfSpaceError",
  "ConnectionError",
  "InvalidConfigurationError",
  "InvalidAccessTokenError",
  "IncompleteDataError",
  "DuplicateDataError",
]);
const ErrorSpec = z.strictObject({ message: z.string().max(1024), type: ErrorType });
const ErrorByStatus = z
  .object(ErrorSpec.shape)
  .catchall(ErrorSpec)
  .refine((error) => Object.keys(error).every((key) => /^(message|type|\d{3})$/.test(key)));

const Text = z.string().min(1).max(512);

const Response = z.strictObject({
  valid: z.strictObject({ condition: z.string(), ...ErrorSpec.shape }).optional(),
  error: ErrorByStatus.optional(),
  limit: z.string().optional(),
  iterate: z.union([Text, z.strictObject({ container: Text, condition: z.string() })]).optional(),
  output: z.unknown().optional(),
  data: z.record(z.string(), z.unknown()).optional(),
  metadata: z.strictObject({ type: z.enum(["text", "email"]), value: Text }).optional(),
});

const request = {
  url: Text.optional(),
  method: z.enum(["GET", "POST", "PUT", "PATCH", "DELETE"]).optional(),
  headers: Flat.optional(),
  qs: Flat.optional(),
  body: z.unknown().optional(),
  response: Response.optional(),
  log: z.strictObject({ sanitize: z.array(z.string()) }).optional(),
};

export const Communication = z
  .strictObject({
    ...request,
    output: z.unknown().optional(),
    pagination: z
      .strictObject({ mergeWithParent: z.boolean(), qs: Flat, condition: z.string() })
      .optional(),
  })
  .refine(({ method, url, body }) => {
    const mustHaveBody = method !== undefined && ["POST", "PUT", "PATCH"].includes(method);
    return !mustHaveBody || (url !== undefined && body !== undefined);
  });
export type Communication = z.infer<typeof Communication>;

export const Base = z.strictObject({
  ...request,
  baseUrl: Text,
  timeout: z.int().min(1).max(300_000),
});
export type Base = z.infer<typeof Base>;

const TYPES = [
  "any",
  "array",
  "boolean",
  "collection",
  "date",
  "integer",
  "number",
  "password",
  "select",
  "text",
  "uinteger",
  "url",
] as const;

export interface Parameter {
  readonly name?: string | undefined;
  readonly type: string;
  readonly spec?: readonly Parameter[] | Parameter | undefined;
}

/** A field of a form, or an RPC that returns fields. */
const ParameterItem: z.ZodType = z.lazy(() => z.union([Rpc, Field]));
const Rpc = z.string().startsWith("rpc://");
const Label = z.string().min(1).max(256);
const Option = z.strictObject({
  label: Label,
  value: z.unknown(),
  nested: z.array(ParameterItem).optional(),
});
const Field = z.strictObject({
  name: z.string().min(1).max(128).optional(),
  type: z.enum(TYPES),
  label: Label.optional(),
  help: z.string().min(1).optional(),
  default: z.unknown().optional(),
  required: z.boolean().optional(),
  advanced: z.boolean().optional(),
  multiple: z.boolean().optional(),
  options: z.union([Rpc, z.array(Option)]).optional(),
  spec: z.union([z.array(ParameterItem), ParameterItem]).optional(),
  validate: z
    .strictObject({
      min: z.number().optional(),
      max: z.number().optional(),
      pattern: z.string().optional(),
    })
    .optional(),
});
export const Parameters = z.array(ParameterItem);

export const Groups = z.array(z.strictObject({ label: z.string(), modules: z.array(z.string()) }));

const Component = z.strictObject({
  label: z.string(),
  description: z.string().optional(),
  connection: z.string().nullable().optional(),
  connectionType: z.enum(["basic", "oauth"]).optional(),
  webhookType: z.enum(["web", "web-shared"]).optional(),
  webhook: z.string().optional(),
  moduleType: z
    .enum(["action", "instant_trigger", "responder", "search", "trigger", "universal"])
    .optional(),
  actionCrud: z.enum(["create", "delete", "read", "update"]).optional(),
  codeFiles: z.record(z.string(), z.string().nullable()),
});

/** The rules for ids from src/local-development/helpers/validate-id.ts. */
const WithDashes = z.record(z.string().regex(/^[a-zA-Z][0-9a-zA-Z-]{1,33}[0-9a-zA-Z]$/), Component);
const WithoutDashes = z.record(z.string().regex(/^[a-zA-Z][0-9a-zA-Z]{2,47}$/), Component);

export const Makecomapp = z.strictObject({
  fileVersion: z.literal(1),
  generalCodeFiles: z.strictObject({
    base: z.string(),
    common: z.string().nullable(),
    groups: z.string(),
    readme: z.string().nullable(),
  }),
  components: z.strictObject({
    connection: WithDashes,
    webhook: WithDashes,
    module: WithoutDashes,
    rpc: WithoutDashes,
    function: WithoutDashes,
    endpoint: WithoutDashes,
  }),
  origins: z.array(z.unknown()),
});
export type Makecomapp = z.infer<typeof Makecomapp>;
