/**
 * docs.test.ts runs the guide's commands against a daemon. This test also checks what reaches Make.
 */
import { readFile } from "node:fs/promises";
import { expect, onTestFinished, test } from "vitest";
import { openDocSession } from "../support/doc-session.ts";
import { fencesOf } from "../support/markdown.ts";
import { createReceiver } from "../support/receiver.ts";

const GUIDE = new URL("../../../docs/guides/make.md", import.meta.url);

test("the guide's commands reach the webhook at Make with its key", async () => {
  const make = await createReceiver((_, response) => void response.end("Accepted"));
  onTestFinished(() => make.close());
  const session = await openDocSession({ "https://hook.eu2.make.com": make.url });
  onTestFinished(() => session.close());

  const guide = await readFile(GUIDE, "utf8");
  // A block inside a list is indented.
  const fences = fencesOf(guide.replaceAll(/^ {3}(?=\S)/gm, ""));
  const commands = fences.filter(({ language }) => /^(?:ba)?sh$/.test(language));
  expect(commands).toHaveLength(6);
  // The last command removes the webhook and its queued deliveries.
  for (const fence of commands.slice(0, -1)) await session.run({ fence, prints: [] });

  // The job's event from each of the two webhooks, two test events, and one request sent by hand.
  const received = await make.untilReceived(5);
  expect(new Set(received.map(({ path }) => path))).toEqual(new Set(["/your-32-characters"]));
  expect(new Set(received.map(({ headers }) => headers["x-make-apikey"]))).toEqual(
    new Set(["your-key"]),
  );
  const kinds = received.map(
    ({ event }) => `${event.status}${event.test === true ? ", test" : ""}`,
  );
  expect(kinds.toSorted()).toEqual([
    "completed",
    "completed",
    "completed, test",
    "completed, test",
    "failed, test",
  ]);
});
