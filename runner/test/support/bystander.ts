import { expect } from "vitest";
import type { Daemon } from "./daemon.ts";
import { createReceiver } from "./receiver.ts";

/**
 * Runs a well-behaved job next to a misbehaving one. The job completes, its event is delivered, and
 * the daemon responds.
 */
// oxlint-disable-next-line typescript/no-explicit-any -- tests read any field of a response
export async function runBystander(daemon: Daemon, plugin: string): Promise<any> {
  const receiver = await createReceiver();
  try {
    const job = await daemon.post(
      "/v1/jobs",
      { plugins: [plugin], webhook: { url: receiver.url, on: ["completed", "failed"] } },
      { prefer: "wait=60" },
    );
    expect(job).toMatchObject({ status: "completed", errorCode: null });
    const [delivered] = await receiver.untilReceived(1);
    expect(delivered?.event).toMatchObject({ jobId: job.jobId, status: "completed" });
    expect((await daemon.request("/healthz")).status).toBe(200);
    return job;
  } finally {
    await receiver.close();
  }
}
