import type { FastifyReply } from "fastify";
import { expect, test } from "vitest";
import { Transient } from "../../domain/errors.ts";
import { callTool, type ToolCall, type ToolDeps } from "./tool-calls.ts";

/** Lists jobs while the store fails with the error. */
async function listWith(error: Error) {
  const logged: unknown[] = [];
  const call = {
    name: "list_jobs",
    given: {},
    only: null,
    reply: { request: { id: "req-1" } } as FastifyReply,
  } as ToolCall;
  const jobs = async () => {
    throw error;
  };
  const result = await callTool(call, {
    catalog: { list: () => [] },
    reads: { jobs },
    logger: { error: (details: unknown) => void logged.push(details) },
  } as unknown as ToolDeps);
  return { result, logged };
}

test("the text of an unexpected error is for the log, and not for the model", async () => {
  const error = new Error("the password is hunter2");
  const { result, logged } = await listWith(error);
  expect(result.isError).toBe(true);
  expect(JSON.stringify(result)).not.toContain("hunter2");
  expect(JSON.stringify(result)).toContain("(INTERNAL)");
  expect(logged).toEqual([{ err: error, tool: "list_jobs" }]);
});

test("what can work later is told so", async () => {
  const { result, logged } = await listWith(new Transient("STORE_DISK_FULL", "ENOSPC"));
  expect(JSON.stringify(result)).toContain("The disk of the database is full.");
  expect(logged).toEqual([]);
});
