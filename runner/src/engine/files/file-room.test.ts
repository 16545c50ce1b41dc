import { expect, test } from "vitest";
import { createFileRoom } from "./file-room.ts";

/** A room of 100 bytes, and what the store says that is in use. */
function createRoom() {
  const usage = { bytes: 0 };
  let answering = Promise.resolve();
  const room = createFileRoom({
    filesLimit: 100,
    store: {
      async fileUsage() {
        const { bytes } = usage;
        await answering;
        return { files: 1, bytes };
      },
    },
  });
  return { room, usage, answerAfter: (promise: Promise<void>) => void (answering = promise) };
}

test("what is stored and what is being written leaves less room, which is never below zero", async () => {
  const { room, usage } = createRoom();
  usage.bytes = 40;
  await room.refresh();
  expect(room.leftBytes()).toBe(60);
  room.reserve(50);
  expect(room.leftBytes()).toBe(10);
  room.add(50);
  expect(room.leftBytes()).toBe(0);
  room.reserve(-50);
  expect(room.leftBytes()).toBe(10);
});

test("after a refresh, what was added before it counts once, and what was deleted no longer", async () => {
  const { room, usage } = createRoom();
  room.add(70);
  usage.bytes = 70;
  await room.refresh();
  expect(room.leftBytes()).toBe(30);
  usage.bytes = 0;
  await room.refresh();
  expect(room.leftBytes()).toBe(100);
});

test("what is added during refreshes is not lost, in whatever order they end", async () => {
  const { room, usage, answerAfter } = createRoom();
  const { promise: slow, resolve: answer } = Promise.withResolvers<void>();
  answerAfter(slow);
  const first = room.refresh();
  room.add(30);
  usage.bytes = 30;
  answerAfter(Promise.resolve());
  await room.refresh();
  expect(room.leftBytes()).toBe(70);
  answer();
  await first;
  expect(room.leftBytes()).toBe(70);
});
