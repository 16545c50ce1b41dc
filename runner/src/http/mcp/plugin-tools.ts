/** Plugins as tools: what a client sees of them, and how a call becomes a job. */
import type { Tool } from "@modelcontextprotocol/server";
import type { JobRequest } from "../../engine/requests.ts";
import type { JsonSchema, PluginCatalog, ReadyPlugin } from "../../ports/plugin-catalog.ts";

type Arguments = Readonly<Record<string, unknown>>;

/** The member of a tool's arguments that holds the plugin's options. */
const OPTIONS = "options";
/** The member that holds an input that is not an object, or that has a member of the name `options`. */
const INPUT = "input";

/** The plugins that a client gets as tools. `only` names them; null means all that can run. */
export function toolPlugins(
  catalog: Pick<PluginCatalog, "list">,
  only: readonly string[] | null,
): readonly ReadyPlugin[] {
  const ready = catalog.list().filter((plugin) => plugin.status === "ready");
  return only === null ? ready : ready.filter(({ name }) => only.includes(name));
}

/**
 * The tool's name is the plugin's. Its output schema is left out: a client would apply it to the
 * result of a job that is still running, too.
 */
export function toTool(plugin: ReadyPlugin): Tool {
  return {
    name: plugin.name,
    description: plugin.description,
    inputSchema: argumentsSchema(plugin),
  };
}

/** The request of a job that runs the plugin once. */
export function toJobRequest(plugin: ReadyPlugin, given: Arguments): JobRequest {
  const { [OPTIONS]: options = {}, ...rest } = given;
  const input = isFlat(plugin) ? (hasOptions(plugin) ? rest : given) : (given[INPUT] ?? null);
  return {
    plugins: [{ name: plugin.name, options: hasOptions(plugin) ? options : {} }],
    input,
    webhook: null,
    name: null,
    metadata: {},
    priority: 0,
    runAt: null,
    timeoutMs: null,
  };
}

/** Changes the path of an issue in a job's request to the path in the tool's arguments. */
export function toArgumentPath(plugin: ReadyPlugin, path: string): string {
  const inOptions = /^\/plugins\/0(\/options.*)$/.exec(path)?.[1];
  if (inOptions !== undefined) return inOptions;
  return isFlat(plugin) ? path.replace(/^\/input/, "") : path;
}

function argumentsSchema(plugin: ReadyPlugin): Tool["inputSchema"] {
  const { inputSchema, optionsSchema } = plugin;
  const options = hasOptions(plugin) ? nest(OPTIONS, optionsSchema) : {};
  if (isFlat(plugin)) {
    const { $schema: _, ...schema } = inputSchema ?? {};
    const properties = { ...propertiesOf(inputSchema), ...options };
    return { ...schema, type: "object", properties } as Tool["inputSchema"];
  }
  const schema = {
    type: "object",
    properties: { ...nest(INPUT, inputSchema), ...options },
    ...(inputSchema === null ? {} : { required: [INPUT] }),
    additionalProperties: false,
  };
  return schema as Tool["inputSchema"];
}

/** The schema as the member of an object. Its references to itself begin at the new root. */
function nest(member: string, schema: JsonSchema | null): Record<string, Record<string, unknown>> {
  const { $schema: _, ...rest } = schema ?? {};
  const text = JSON.stringify(rest).replaceAll('"$ref":"#', `"$ref":"#/properties/${member}`);
  return { [member]: JSON.parse(text) as Record<string, unknown> };
}

/** Whether the members of the plugin's input are the tool's arguments. */
function isFlat(plugin: ReadyPlugin): boolean {
  const { inputSchema } = plugin;
  if (inputSchema?.["type"] !== "object") return false;
  return !(hasOptions(plugin) && Object.hasOwn(propertiesOf(inputSchema), OPTIONS));
}

function hasOptions({ optionsSchema }: ReadyPlugin): boolean {
  return Object.keys(propertiesOf(optionsSchema)).length > 0;
}

function propertiesOf(schema: JsonSchema | null): JsonSchema {
  const properties = schema?.["properties"];
  return typeof properties === "object" && properties !== null ? (properties as JsonSchema) : {};
}
