/** A job's request as something to paste elsewhere. */
import { apiUrl } from "../api/request.ts";

export interface JobRequest {
  readonly name: string | null;
  readonly plugins: readonly { readonly name: string; readonly options?: unknown }[];
  /** As JSON text, so that large integers stay as they are. */
  readonly input: string;
  /** As JSON text. */
  readonly metadata?: string;
  readonly tags?: readonly string[];
  readonly priority?: number;
}

function bodyOf(request: JobRequest): string {
  const { name, plugins, input, metadata = "{}", tags = [], priority = 0 } = request;
  const calls = plugins.map(({ name: plugin, options }) =>
    isEmpty(options) ? plugin : { name: plugin, options },
  );
  const fields = [
    `"plugins": ${JSON.stringify(calls)}`,
    ...(input === "null" ? [] : [`"input": ${input}`]),
    ...(name === null ? [] : [`"name": ${JSON.stringify(name)}`]),
    ...(metadata === "{}" ? [] : [`"metadata": ${metadata}`]),
    ...(tags.length === 0 ? [] : [`"tags": ${JSON.stringify(tags)}`]),
    ...(priority === 0 ? [] : [`"priority": ${priority}`]),
  ];
  return `{\n  ${fields.join(",\n  ")}\n}`;
}

function isEmpty(value: unknown): boolean {
  return value == null || (typeof value === "object" && Object.keys(value).length === 0);
}

/** The token is in a variable, so that it gets into no history of commands. */
export function curlCommand(request: JobRequest): string {
  return [
    `curl -X POST '${apiUrl("/v1/jobs")}' \\`,
    `  -H "Authorization: Bearer $PLAYGROUND_TOKEN" \\`,
    `  -H 'Content-Type: application/json' \\`,
    `  -d '${bodyOf(request).replaceAll("'", String.raw`'\''`)}'`,
  ].join("\n");
}

/** A node for n8n's canvas. n8n creates nodes from pasted JSON. */
export function n8nNode(request: JobRequest): string {
  const node = {
    parameters: {
      method: "POST",
      url: apiUrl("/v1/jobs"),
      authentication: "genericCredentialType",
      genericAuthType: "httpHeaderAuth",
      sendBody: true,
      specifyBody: "json",
      jsonBody: bodyOf(request),
      options: {},
    },
    type: "n8n-nodes-base.httpRequest",
    typeVersion: 4.2,
    position: [0, 0],
    name: `Run ${request.name ?? request.plugins.map(({ name }) => name).join(", ")}`,
  };
  return JSON.stringify({ nodes: [node], connections: {} }, null, 2);
}
