import { apiUrl, send } from "../../api/request.ts";
import type { AcceptedJob } from "../../api/schema.ts";

/** Submits a body that is JSON text already, so that no number in it changes. */
export async function submitText(body: string): Promise<AcceptedJob> {
  const response = await send(apiUrl("/v1/jobs"), {
    method: "POST",
    headers: { accept: "application/json", "content-type": "application/json" },
    body,
  });
  return (await response.json()) as AcceptedJob;
}
