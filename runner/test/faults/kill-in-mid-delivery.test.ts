/** `kill -9` while an endpoint has received an event and has not responded yet. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { startDaemon, type Daemon } from "../support/daemon.ts";
import { createReceiver } from "../support/receiver.ts";

test("an event whose delivery a SIGKILL interrupted is sent again unchanged, before the next events", async () => {
  const root = await mkdtemp(join(tmpdir(), "playground-kill-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const endpoint = await createReceiver((_, response) => {
    // The first request gets no response.
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
  // All its events are stored by now, and wait for the one that is in flight.
  expect(status).toBe("completed");
  const [interrupted] = await endpoint.untilReceived(1);
  await killed.end("SIGKILL");
  expect(endpoint.received).toHaveLength(1);

  await start();
  const [, again, ...next] = await endpoint.untilReceived(4);
  expect(again?.headers["webhook-id"]).toBe(interrupted?.headers["webhook-id"]);
  expect(again?.body).toBe(interrupted?.body);
  expect(again?.event.status).toBe("started");
  expect(next.map(({ event }) => event.status)).toEqual(["progress", "completed"]);
  const ids = endpoint.received.map(({ headers }) => headers["webhook-id"]);
  expect(new Set(ids).size).toBe(3);
});
