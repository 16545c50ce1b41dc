/** Sends signed POSTs with `undici.request` and nothing else, in a separate process. */
import { Agent, request } from "undici";
import { signatureHeader } from "../src/domain/signature.ts";
import { reportToParent } from "./report-to-parent.ts";

export interface BareSenderCommand {
  readonly urls: readonly string[];
  readonly bodies: readonly string[];
  readonly count: number;
}

export interface BareSenderReport {
  readonly sent: number;
}

const IN_FLIGHT = 64;

async function run({ urls, bodies, count }: BareSenderCommand): Promise<BareSenderReport> {
  const dispatcher = new Agent({ connections: IN_FLIGHT, allowH2: false });
  const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
  let sent = 0;
  async function loop(): Promise<void> {
    while (sent < count) {
      sent += 1;
      const id = `evt_${sent}`;
      const url = urls[sent % urls.length] ?? "";
      const body = bodies[sent % bodies.length] ?? "";
      const timestamp = Math.floor(Date.now() / 1000);
      const headers = {
        "content-type": "application/json",
        "webhook-id": id,
        "webhook-timestamp": String(timestamp),
        "webhook-signature": signatureHeader([secret], { id, timestamp, body }),
      };
      const response = await request(url, { method: "POST", headers, body, dispatcher });
      await response.body.dump();
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, loop));
  await dispatcher.close();
  return { sent };
}

reportToParent(run);
