/** A job's request, whose body is JSON text, as something to paste elsewhere. */
import { apiUrl } from "../api/request.ts";

/** The token is in a variable, so that it gets into no history of commands. */
export function curlCommand(body: string): string {
  return [
    `curl -X POST '${apiUrl("/v1/jobs")}' \\`,
    `  -H "Authorization: Bearer $PLAYGROUND_TOKEN" \\`,
    `  -H 'Content-Type: application/json' \\`,
    `  -d '${body.replaceAll("'", String.raw`'\''`)}'`,
  ].join("\n");
}

/** A node for n8n's canvas. n8n creates nodes from pasted JSON. */
export function n8nNode(name: string, body: string): string {
  const node = {
    parameters: {
      method: "POST",
      url: apiUrl("/v1/jobs"),
      authentication: "genericCredentialType",
      genericAuthType: "httpHeaderAuth",
      sendBody: true,
      specifyBody: "json",
      jsonBody: body,
      options: {},
    },
    type: "n8n-nodes-base.httpRequest",
    typeVersion: 4.2,
    position: [0, 0],
    name: `Run ${name}`,
  };
  return JSON.stringify({ nodes: [node], connections: {} }, null, 2);
}
