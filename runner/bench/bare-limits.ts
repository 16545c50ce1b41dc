/** Measures the daemon's parts on their own, in the same run on the same cores. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import Fastify from "fastify";
import { Piscina } from "piscina";
import { Agent } from "undici";
import { z } from "zod";
import type { Figure } from "./figures.ts";
import { runLoad, type ReceiverProcess } from "./processes.ts";

const SECONDS = 2;

/** Runs `act` in `concurrency` parallel loops for two seconds. Returns the rate per second. */
async function rate(concurrency: number, act: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  const until = from + SECONDS * 1000;
  let done = 0;
  async function loop(): Promise<void> {
    while (performance.now() < until) {
      await act();
      done += 1;
    }
  }
  await Promise.all(Array.from({ length: concurrency }, loop));
  return (done * 1000) / (performance.now() - from);
}

async function piscinaRate(): Promise<number> {
  const pool = new Piscina({
    filename: new URL("bare-thread.ts", import.meta.url).href,
    minThreads: 2,
    maxThreads: 2,
  });
  try {
    return await rate(64, () => pool.run({ text: "a b c" }));
  } finally {
    await pool.destroy();
  }
}

async function undiciRate(url: string, body: string): Promise<number> {
  const agent = new Agent({ connections: 64, allowH2: false });
  const { origin, pathname } = new URL(url);
  try {
    return await rate(64, async () => {
      const response = await agent.request({
        origin,
        path: pathname,
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
      });
      await response.body.dump();
    });
  } finally {
    await agent.close();
  }
}

async function fastifyRate(body: string): Promise<number> {
  const app = Fastify();
  const Body = z.object({ plugins: z.array(z.string()) }).loose();
  app.post("/v1/jobs", async (request, reply) => {
    Body.parse(request.body);
    return reply.code(202).send({ jobId: "job_0", status: "queued" });
  });
  await app.listen({ port: 0, host: "127.0.0.1" });
  try {
    const { port } = app.server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}/v1/jobs`;
    const headers = { "content-type": "application/json" };
    const count = 20_000;
    const { firstAt, lastAt } = await runLoad({ url, headers, body, count, concurrency: 64 });
    return (count * 1000) / (lastAt - firstAt);
  } finally {
    const closed = once(app.server, "close");
    await app.close();
    await closed.catch(() => null);
  }
}

export async function bareLimits(
  receiver: ReceiverProcess,
  body: string,
): Promise<readonly Figure[]> {
  return [
    { name: "bare Piscina, 2 threads", value: await piscinaRate(), unit: "round trips/s" },
    {
      name: "bare undici.request",
      value: await undiciRate(receiver.url, body),
      unit: "requests/s",
    },
    { name: "bare Fastify, no store", value: await fastifyRate(body), unit: "requests/s" },
  ];
}
