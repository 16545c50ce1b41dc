import { Agent } from "undici";
import { expect, onTestFinished, test } from "vitest";
import { clientCertificate } from "../../test/support/client-certificates.ts";
import { createReceiver } from "../../test/support/receiver.ts";
import { until } from "../../test/support/until.ts";
import { createAgents } from "./agents.ts";

const ONE = clientCertificate("one");
const TWO = clientCertificate("two");

function open(maxOthers?: number) {
  const created: Agent[] = [];
  const create = (): Agent => {
    const agent = new Agent();
    created.push(agent);
    return agent;
  };
  const agents = createAgents(create, maxOthers);
  onTestFinished(() => agents.destroy());
  return { agents, created };
}

test("requests share an agent only with the same certificate and the same check of the endpoint", () => {
  const { agents } = open();
  const ways = [
    {},
    { verifyTls: false },
    { clientCertificate: ONE },
    { clientCertificate: ONE, verifyTls: false },
    { clientCertificate: TWO },
  ];
  const first = ways.map((tls) => agents.of(tls));
  expect(new Set(first).size).toBe(ways.length);
  // A webhook that is decrypted again has equal text, not the same object.
  const again = ways.map((tls) => agents.of(structuredClone(tls)));
  expect(again.map((agent) => first.indexOf(agent))).toEqual([0, 1, 2, 3, 4]);
});

test("beyond the limit, the agent that was not used for longest ends after its requests", async () => {
  const { agents, created } = open(2);
  let respond = (): void => {};
  const receiver = await createReceiver((_, response) => {
    respond = () => void response.end("late");
  });
  onTestFinished(() => receiver.close());
  const usual = agents.of({});
  const one = agents.of({ clientCertificate: ONE });
  const oldest = agents.of({ clientCertificate: TWO });
  agents.of({ clientCertificate: ONE });
  const request = { origin: receiver.url, path: "/", method: "POST", body: "{}" } as const;
  const answer = created[2]!.request(request);
  await receiver.untilReceived(1);
  agents.of({ verifyTls: false });
  expect(agents.of({ clientCertificate: ONE })).toBe(one);
  expect(created[2]!.closed).toBe(true);
  expect(created.map((agent) => agent.destroyed)).toEqual([false, false, false, false]);
  respond();
  expect(await (await answer).body.text()).toBe("late");
  await until("the agent to end", () => created[2]!.destroyed);
  expect(agents.of({ clientCertificate: TWO })).not.toBe(oldest);
  expect(agents.of({})).toBe(usual);
});

test("all end together", async () => {
  const { agents, created } = open();
  agents.of({ clientCertificate: ONE });
  await agents.destroy();
  expect(created.map((agent) => agent.destroyed)).toEqual([true, true]);
});
