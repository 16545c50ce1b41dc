/** `npm run bench -- delivery`: 50,000 stored deliveries to one endpoint and to 50, beside bare POSTs. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Agent } from "undici";
import { signatureHeader } from "../src/domain/signature.ts";
import { startDaemon } from "../test/support/daemon.ts";
import { median, type Figure } from "./figures.ts";
import { sampleResidentMb } from "./metrics-of.ts";
import { EVENTS_PER_JOB, preload } from "./preload.ts";
import { startReceiver, type ReceiverProcess } from "./processes.ts";

const DELIVERIES = 50_000;
const ROUNDS = 3;
const BARE_IN_FLIGHT = 64;

interface Run {
  readonly perSecond: number;
  readonly startMb: number;
  readonly peakMb: number;
  readonly bodies: readonly string[];
}

export async function benchDelivery(): Promise<{ figures: readonly Figure[] }> {
  const receiver = await startReceiver({ endpoints: 50 });
  try {
    const rounds: { one: Run; fifty: Run; bare: number }[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const one = await drain(receiver, 1);
      const fifty = await drain(receiver, 50);
      rounds.push({ one, fifty, bare: await bareRate(receiver, one.bodies) });
    }
    const ratio = (pick: (round: { one: Run; fifty: Run }) => Run): number =>
      median(rounds.map((round) => pick(round).perSecond / round.bare));
    return {
      figures: [
        rate(
          "to 1 endpoint",
          rounds.map((r) => r.one.perSecond),
        ),
        rate(
          "to 50 endpoints",
          rounds.map((r) => r.fifty.perSecond),
        ),
        rate(
          "bare undici.request, signed",
          rounds.map((r) => r.bare),
        ),
        { name: "1 endpoint / bare", value: ratio((r) => r.one), unit: "×" },
        { name: "50 endpoints / bare", value: ratio((r) => r.fifty), unit: "×" },
        memory(
          "at the start",
          rounds.map((r) => r.one.startMb),
        ),
        memory(
          "at its highest, 1 endpoint",
          rounds.map((r) => r.one.peakMb),
        ),
        memory(
          "at its highest, 50 endpoints",
          rounds.map((r) => r.fifty.peakMb),
        ),
      ],
    };
  } finally {
    receiver.close();
  }
}

function rate(name: string, values: readonly number[]): Figure {
  return { name, value: median(values), unit: "deliveries/s" };
}

function memory(name: string, values: readonly number[]): Figure {
  return { name: `daemon memory ${name}`, value: median(values), unit: "MB" };
}

/** A daemon started on a store full of due deliveries: from the first arrival to the last. */
async function drain(receiver: ReceiverProcess, endpoints: number): Promise<Run> {
  const root = await mkdtemp(join(tmpdir(), "playground-bench-"));
  try {
    const urls = receiver.urls.slice(0, endpoints);
    const jobsPerUrl = Math.ceil(DELIVERIES / EVENTS_PER_JOB / endpoints);
    const { deliveries, bodies } = await preload(join(root, "data"), { urls, jobsPerUrl });
    const reached = receiver.expectTimed(deliveries);
    const daemon = await startDaemon({ root, env: { PLAYGROUND_LOG_LEVEL: "error" } });
    try {
      const sampling = sampleResidentMb(daemon, 250);
      const { firstAt, lastAt } = await reached;
      const residentMbs = sampling.stop();
      return {
        perSecond: (deliveries * 1000) / (lastAt - firstAt),
        startMb: residentMbs[0] ?? Number.NaN,
        peakMb: Math.max(...residentMbs),
        bodies,
      };
    } finally {
      await daemon.close();
    }
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** The same number of POSTs of the same bodies, each signed, by undici alone in this process. */
async function bareRate(receiver: ReceiverProcess, bodies: readonly string[]): Promise<number> {
  const agent = new Agent({ connections: BARE_IN_FLIGHT, allowH2: false });
  const { origin, pathname: path } = new URL(receiver.urls[0] ?? "");
  const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
  const reached = receiver.expectTimed(DELIVERIES);
  let sent = 0;
  async function lane(): Promise<void> {
    while (sent < DELIVERIES) {
      sent += 1;
      const id = `evt_${sent}`;
      const body = bodies[sent % bodies.length] ?? "";
      const timestamp = Math.floor(Date.now() / 1000);
      const headers = {
        "content-type": "application/json",
        "webhook-id": id,
        "webhook-timestamp": String(timestamp),
        "webhook-signature": signatureHeader([secret], { id, timestamp, body }),
      };
      const answer = await agent.request({ origin, path, method: "POST", headers, body });
      await answer.body.dump();
    }
  }
  await Promise.all(Array.from({ length: BARE_IN_FLIGHT }, lane));
  const { firstAt, lastAt } = await reached;
  await agent.close();
  return (DELIVERIES * 1000) / (lastAt - firstAt);
}
