import { apiUrl, send } from "../../api/request.ts";
import type { AcceptedJob } from "../../api/schema.ts";

/** Submits a body that is JSON text already, so that no number in it changes. */
export async function submitText(body: string): Promise<AcceptedJob> {
  const response = await sendText("POST", "/v1/jobs", { body });
  return (await response.json()) as AcceptedJob;
}

export function sendText(
  method: "POST" | "PATCH",
  path: string,
  { body, headers = {} }: { body: string; headers?: Readonly<Record<string, string>> },
): Promise<Response> {
  return send(apiUrl(path), {
    method,
    headers: { accept: "application/json", "content-type": "application/json", ...headers },
    body,
  });
}
