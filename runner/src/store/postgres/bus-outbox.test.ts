import { expect, test } from "vitest";
import { createTestLog } from "../../../test/support/test-log.ts";
import type { BusMessage } from "../../ports/bus.ts";
import { systemClock } from "../../system/clock.ts";
import { createBusOutbox } from "./bus-outbox.ts";
import { parsePayload } from "./bus-payloads.ts";

const resumed = (destination: number): BusMessage => ({ kind: "resumed", destination });

/** A session that keeps what it is given. While it is broken, it rejects. */
function createSession({ isBroken = false } = {}) {
  const got: BusMessage[] = [];
  const state = { isBroken, isClosed: false };
  return {
    got,
    state,
    lost: new AbortController().signal,
    notify(payloads: readonly string[]) {
      if (state.isBroken) return Promise.reject(new Error("Connection terminated"));
      got.push(...payloads.flatMap((each) => parsePayload(each).messages));
      return Promise.resolve();
    },
    close() {
      state.isClosed = true;
      return Promise.resolve();
    },
  };
}

const create = () => createBusOutbox({ sender: "me", clock: systemClock, log: createTestLog() });

test("what a lost session did not send is sent by the next one, in its order", async () => {
  const outbox = create();
  const first = createSession({ isBroken: true });
  outbox.use(first);
  outbox.send(resumed(1));
  outbox.send(resumed(2));
  await outbox.drain();
  expect(first.state.isClosed).toBe(true);
  outbox.send(resumed(3));
  outbox.use(null);
  const second = createSession();
  outbox.use(second);
  await expect.poll(() => second.got).toEqual([resumed(1), resumed(2), resumed(3)]);
});

test("what is sent without a session is sent by the first one", async () => {
  const outbox = create();
  outbox.send(resumed(1));
  const session = createSession();
  outbox.use(session);
  await outbox.drain();
  expect(session.got).toEqual([resumed(1)]);
});

test("when too much waits, the others look at everything instead", async () => {
  const outbox = create();
  for (let n = 0; n <= 1_000; n += 1) outbox.send(resumed(n));
  outbox.send(resumed(2_000));
  const session = createSession();
  outbox.use(session);
  await outbox.drain();
  expect(session.got).toEqual([{ kind: "missed" }, resumed(2_000)]);
});
