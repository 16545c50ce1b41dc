import { afterEach, beforeEach, expect, test } from "vitest";
import { clientCertificate } from "../../../test/support/client-certificates.ts";
import { createWorld, type World } from "../../../test/support/engine.ts";
import { until } from "../../../test/support/until.ts";
import { showCertificate } from "../../domain/client-certificate.ts";

const DAY_MS = 24 * 60 * 60_000;
const ONE = clientCertificate("one");
const { validUntil, subject } = showCertificate(ONE);

let world: World;
beforeEach(async () => void (world = await createWorld()));
afterEach(() => world.close());

test("a webhook whose certificate cannot be decrypted keeps no other from being looked at", async () => {
  const first = await world.startEngine();
  const url = "https://endpoint.test/";
  const register = (jobName: string) =>
    first.engine.webhooks.register({ url, jobName, clientCertificate: ONE });
  const ids = [(await register("broken")).webhook.id, (await register("old")).webhook.id];
  const broken = (await world.store.webhook(ids[0]!))!;
  const patch = { ...broken, sealed: (broken.sealed ?? "").slice(0, -8) };
  await world.store.updateWebhook(broken.id, patch, { now: world.clock.now() });
  world.clock.moveTo(validUntil + DAY_MS);
  await world.settle();
  await until("the warning", () =>
    first.logged.some(({ message }) => message === "webhook.certificate-expired"),
  );
  const told = first.logged.filter(({ message }) => message.startsWith("webhook.certificate-"));
  expect(
    told.map(({ message, fields }) => [message, (fields as { webhookId: string }).webhookId]),
  ).toEqual(
    expect.arrayContaining([
      ["webhook.certificate-unreadable", ids[0]],
      ["webhook.certificate-expired", ids[1]],
    ]),
  );
});

test("webhooks whose certificate has expired or soon will are named once a day", async () => {
  const { engine, logged } = await world.startEngine({ maxWebhooks: 101 });
  const url = "https://endpoint.test/";
  // A page without one.
  for (let n = 0; n < 100; n += 1) await engine.webhooks.register({ url, jobName: `${n}` });
  const { webhook } = await engine.webhooks.register({ url, clientCertificate: ONE });
  const warnings = (): (readonly [string, object])[] =>
    logged.flatMap(({ message, fields }) =>
      message.startsWith("webhook.certificate-") ? [[message, fields] as const] : [],
    );
  const lookAt = async (instant: number): Promise<void> => {
    world.clock.moveTo(instant);
    await world.settle();
  };
  const fields = {
    webhookId: webhook.id,
    url,
    subject,
    validUntil: new Date(validUntil).toISOString(),
  };
  await lookAt(validUntil - 15 * DAY_MS);
  expect(warnings()).toEqual([]);
  await lookAt(validUntil - 14 * DAY_MS);
  await until("the warning", () => warnings().length === 1);
  await lookAt(validUntil - 13.5 * DAY_MS);
  expect(warnings()).toEqual([["webhook.certificate-expires-soon", fields]]);
  await lookAt(validUntil + DAY_MS);
  await until("the warning", () => warnings().length === 2);
  expect(warnings().at(-1)).toEqual(["webhook.certificate-expired", fields]);
  const told = async () => (await engine.status()).facts.oldCertificates;
  expect(await told()).toEqual([
    { webhookId: webhook.id, origin: new URL(url).origin, validUntil },
  ]);
  await engine.webhooks.update(webhook.id, { clientCertificate: null });
  expect(await told()).toEqual([]);
  await lookAt(validUntil + 2 * DAY_MS);
  expect(warnings()).toHaveLength(2);
});
