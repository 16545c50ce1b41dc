/** Tokens and idempotency keys after an upgrade. */
import { expect } from "vitest";
import type { Daemon } from "../../support/daemon.ts";
import type { Manifest } from "../../support/data-dir-fixtures.ts";
import { createClient } from "./client.ts";

export async function checkTokens(daemon: Daemon, { tokens }: Manifest): Promise<void> {
  const job = { body: { plugins: ["work"] } };
  const reader = createClient(daemon, tokens.read);
  expect((await reader.send("GET", "/v1/jobs")).status).toBe(200);
  expect((await reader.send("POST", "/v1/jobs", job)).status).toBe(403);
  const runner = createClient(daemon, tokens.run);
  expect((await runner.send("GET", "/v1/jobs")).status).toBe(200);
  expect((await runner.send("POST", "/v1/webhooks", { body: {} })).status).toBe(403);
  const unknown = createClient(daemon, `${tokens.admin}0`);
  expect((await unknown.send("GET", "/v1/jobs")).status).toBe(401);
}

/** The same request creates nothing new, and a different request with its key is refused. */
export async function checkKeys(daemon: Daemon, { tokens, requests }: Manifest): Promise<void> {
  expect(requests.length).toBeGreaterThan(0);
  const runner = createClient(daemon, tokens.run);
  for (const { path, key, body, id } of requests) {
    const headers = { "idempotency-key": key };
    const again = await runner.send("POST", path, { body, headers });
    expect(again.status, key).toBe(202);
    expect(again.headers.get("idempotent-replayed"), key).toBe("true");
    expect(again.body.jobId ?? again.body.batchId, key).toBe(id);
    const job = { plugins: ["work"], name: "another" };
    const other = path === "/v1/jobs" ? job : { jobs: [job] };
    const refused = await runner.send("POST", path, { body: other, headers });
    expect(refused.body.code, key).toBe("IDEMPOTENCY_KEY_REUSED");
  }
}
