import { afterEach, beforeEach, expect, test } from "vitest";
import { createBackend, type Backend } from "../../test/support/scripted-backend.ts";

let backend: Backend;
beforeEach(() => {
  backend = createBackend();
});
afterEach(() => backend.app.close());

type Line = Record<string, unknown> & { level: number; msg: string };

function linesAtInfo(): Line[] {
  return backend.logLines
    .map((line) => JSON.parse(line) as Line)
    .filter(({ level }) => level >= 30);
}

test("requests without a known token have one line together", async () => {
  const wrong = { authorization: "Bearer wrong" };
  for (let n = 0; n < 100; n += 1) await backend.get("/v1/jobs", wrong);
  for (let n = 0; n < 20; n += 1) await backend.get(`/nowhere/${n}`, {});
  const remoteAddress = "203.0.113.7";
  await backend.app.inject({ url: "/v1/jobs", remoteAddress });
  await backend.app.inject({ url: "/v1/jobs", remoteAddress, headers: { host: "evil.example" } });
  expect(linesAtInfo()).toEqual([]);
  await backend.app.close();
  expect(linesAtInfo()).toEqual([
    expect.objectContaining({
      msg: "http.refused",
      requests: 122,
      codes: { UNAUTHORIZED: 121, HOST_REFUSED: 1 },
      address: "127.0.0.1",
      ofAddress: 120,
    }),
  ]);
});

test("sixty refused requests with a known token have a line each, and the others one together", async () => {
  for (let n = 0; n < 70; n += 1) await backend.get(`/v1/jobs/missing-${n}`);
  const before = linesAtInfo();
  expect(before).toHaveLength(60);
  expect(new Set(before.map(({ msg, code }) => `${msg} ${String(code)}`))).toEqual(
    new Set(["http.answered JOB_NOT_FOUND"]),
  );
  await backend.app.close();
  expect(linesAtInfo().slice(60)).toEqual([
    expect.objectContaining({ msg: "http.refused", requests: 10, codes: { JOB_NOT_FOUND: 10 } }),
  ]);
});

test("sixty failed requests are logged with their error", async () => {
  backend.reads.counts = () => Promise.reject(new Error("No."));
  for (let n = 0; n < 70; n += 1) {
    await backend.get("/metrics");
  }
  expect(linesAtInfo().filter(({ msg }) => msg === "http.failed")).toHaveLength(60);
});
