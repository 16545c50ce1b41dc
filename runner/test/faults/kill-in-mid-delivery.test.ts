/** `kill -9` while an endpoint has an event and has not answered yet. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { createReceiver } from "../support/receiver.ts";

test("an event whose delivery a SIGKILL cut off comes again as it was, and the next ones after it", async () => {
  const root = await mkdtemp(join(tmpdir(), "playground-kill-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const endpoint = await createReceiver((_, response) => {
    // The first is never answered.
    if (endpoint.received.length > 1) response.end();
  });
  onTestFinished(() => endpoint.close());
  const start = async (): Promise<Daemon> => {
    const daemon = await startDaemon({ root, plugins: { echo: "(input) => input" } });
    onTestFinished(() => daemon.close());
    return daemon;
  };

  const killed = await start();
  await killed.post("/v1/webhooks", { url: endpoint.url });
  const job = { plugins: ["echo"], input: { text: "ä 🦆", 10: "ten", 9: "nine" } };
  const { status } = await killed.post("/v1/jobs", job, { prefer: "wait=30" });
  // All its events are there by now, and wait behind the one that the endpoint holds.
  expect(status).toBe("completed");
  const [held] = await endpoint.untilReceived(1);
  await killed.end("SIGKILL");
  expect(endpoint.received).toHaveLength(1);

  await start();
  const [, again, ...next] = await endpoint.untilReceived(4);
  expect(again?.headers["webhook-id"]).toBe(held?.headers["webhook-id"]);
  expect(again?.body).toBe(held?.body);
  expect(again?.event.status).toBe("started");
  expect(next.map(({ event }) => event.status)).toEqual(["progress", "completed"]);
  const ids = endpoint.received.map(({ headers }) => headers["webhook-id"]);
  expect(new Set(ids).size).toBe(3);
});
