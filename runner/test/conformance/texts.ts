import { expect, test } from "vitest";
import { toJsonText } from "../../src/domain/json-text.ts";
import {
  attemptOf,
  claimDue,
  claimOf,
  claimOne,
  completeWithWebhook,
  failing,
  submit,
} from "./given.ts";
import { useStore, type CreateSubject } from "./subject.ts";

const GIVEN = "a\0b ä \u{1f986} \ud800";

/** A store may replace what it cannot store: U+0000, and half of a surrogate pair. */
function expectStored(text: string | null | undefined): void {
  const replaced = (each: string): string => each.toWellFormed().replaceAll("\0", "\ufffd");
  expect(replaced(text ?? "")).toBe(replaced(GIVEN));
}

/** What plugins, endpoints and clients send can contain any character. None of it may break a write. */
export function textConformance(createSubject: CreateSubject): void {
  const t = useStore(createSubject);

  test("a job's name and a log line can contain U+0000", async () => {
    const { id } = await submit(t.store, { name: GIVEN });
    await t.store.appendLogs(id, [{ at: 1, level: "info", message: GIVEN, data: null, step: 0 }]);
    expectStored((await t.store.job(id))?.spec.name);
    const [line] = await t.store.logs(id, { after: 0, limit: 1 });
    expectStored(line?.message);
    const { items } = await t.store.jobs({ name: GIVEN }, { limit: 10, cursor: null });
    expect(items.map((job) => job.id)).toEqual([id]);
  });

  test("a failure's message can contain U+0000", async () => {
    const { id } = await submit(t.store);
    const job = await claimOne(t.store);
    const failed = { ...failing(job), failure: { code: "PLUGIN_THREW", message: GIVEN } as const };
    expect(await t.store.commitTransition(claimOf(job), failed)).toBe(true);
    expectStored((await t.store.job(id))?.failure?.message);
  });

  test("an endpoint's answer can contain U+0000", async () => {
    await completeWithWebhook(t.store);
    const [delivery] = await claimDue(t.store, { limit: 1 });
    const outcome = attemptOf(delivery!, { state: "dead", reason: GIVEN });
    const attempt = { ...outcome.attempt, response: GIVEN, error: GIVEN };
    await t.store.recordAttempt({ ...outcome, attempt });
    const stored = await t.store.delivery(delivery!.id);
    expectStored(stored?.reason);
    expectStored(stored?.log[0]?.response);
    expectStored(stored?.log[0]?.error);
  });

  test("U+0000 in JSON stays as it is", async () => {
    const input = toJsonText({ text: "a\0b" });
    const { id } = await submit(t.store, { input });
    expect(await t.store.jobValue(id, "input")).toBe(input);
  });
}
