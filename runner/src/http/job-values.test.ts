import { afterEach, beforeEach, expect, test } from "vitest";
import {
  AUTHORIZED,
  createBackend,
  problemOf,
  type Backend,
} from "../../test/support/scripted-backend.ts";
import { toJsonText } from "../domain/json-text.ts";

let backend: Backend;
let id: string;

const STEP = {
  index: 0,
  plugin: "echo",
  status: "completed",
  startedAt: 1,
  endedAt: 2,
  metrics: { processedItems: 0, duration: 1 },
  output: toJsonText({ id: "1577134800018226901" }),
  truncated: false,
  failure: null,
} as const;

beforeEach(() => {
  backend = createBackend();
  id = backend.addJob({ request: { input: { text: "é".repeat(40) } }, job: { steps: [STEP] } });
});

afterEach(() => backend.app.close());

function get(path: string) {
  return backend.app.inject({ url: `/v1/jobs/${id}${path}`, headers: AUTHORIZED });
}

test("the input and a step's output are downloads with the value as it is stored", async () => {
  const input = await get("/input");
  expect(input.body).toBe(`{"text":"${"é".repeat(40)}"}`);
  expect(input.headers).toMatchObject({
    "content-type": "application/json; charset=utf-8",
    "content-disposition": `attachment; filename="${id}-input.json"`,
  });
  const output = await get("/outputs/0");
  expect(output.body).toBe('{"id":"1577134800018226901"}');
  expect(output.headers["content-disposition"]).toContain(`${id}-output-0.json`);
});

test("what is not there is a 404 that says what is missing", async () => {
  expect(problemOf(await get("/outputs/1"))).toMatchObject({ code: "OUTPUT_NOT_FOUND" });
  expect(problemOf(await get("/outputs/x"))).toMatchObject({ code: "BODY_INVALID" });
  const path = "/v1/jobs/none";
  for (const value of ["input", "outputs/0"]) {
    const response = await backend.app.inject({ url: `${path}/${value}`, headers: AUTHORIZED });
    expect(problemOf(response)).toMatchObject({ code: "JOB_NOT_FOUND" });
  }
});

test("an input with more bytes than `maxBytes` is left out of the job", async () => {
  expect((await get("?maxBytes=90")).json()).toMatchObject({ inputTruncated: true, input: null });
  expect((await get("?maxBytes=91")).json()).toMatchObject({ inputTruncated: false });
  expect((await get("")).json()).toMatchObject({ input: { text: "é".repeat(40) } });
});
