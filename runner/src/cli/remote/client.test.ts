import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { listJobs } from "../../http/contract/jobs.ts";
import { createClient, type Client } from "./client.ts";

interface Reply {
  readonly status: number;
  readonly body: string;
}

/** A client of a server that replies with this to every request. */
async function clientOf({ status, body }: Reply): Promise<Client & { close(): void }> {
  const server = createServer((request, response) => {
    response.writeHead(status, { location: `https://jobs.example.com${request.url}` });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const client = createClient({
    url: `http://127.0.0.1:${port}/sub`,
    token: "a-token",
    tokenSource: "PLAYGROUND_TOKEN",
    urlSource: "the given URL",
  });
  return { ...client, close: () => void server.close() };
}

function problem(status: number, code: string, issues: readonly object[] = []): Reply {
  const body = JSON.stringify({ type: "", title: "", status, code, detail: "Not so.", issues });
  return { status, body };
}

const ISSUES = [
  { path: "/a", message: "is 1" },
  { path: "/b", message: "is 2" },
];

test.each([
  [
    "an older daemon",
    problem(404, "ROUTE_NOT_FOUND"),
    4,
    /does not know GET \/v1\/jobs: it is older/,
  ],
  [
    "a wrong token",
    problem(401, "UNAUTHORIZED"),
    4,
    /refused the token, which is from PLAYGROUND_TOKEN/,
  ],
  ["a refusal", problem(409, "JOB_ALREADY_ENDED"), 4, /^JOB_ALREADY_ENDED: Not so\.$/],
  [
    "wrong input",
    problem(400, "BODY_INVALID", ISSUES),
    2,
    /Not so\.\n {2}\/a: is 1\n {2}\/b: is 2$/,
  ],
  ["a full queue", problem(503, "QUEUE_FULL"), 3, /^QUEUE_FULL: Not so\.$/],
  ["another program", { status: 404, body: "<html>" }, 4, /answered 404 without a message/],
  ["a proxy without a daemon", { status: 502, body: "" }, 3, /answered 502 without a message/],
  [
    "a redirect",
    { status: 301, body: "" },
    2,
    /redirects to https:\/\/jobs\.example\.com\/sub\/v1\/jobs/,
  ],
])("%s is explained, with an exit code for scripts", async (_, reply, exitCode, message) => {
  const client = await clientOf(reply);
  await expect(client.call(listJobs)).rejects.toMatchObject({
    exitCode,
    message: expect.stringMatching(message) as string,
  });
});

test("a daemon that does not run is named with where its URL is from", async () => {
  const client = await clientOf({ status: 200, body: "" });
  client.close();
  await expect(client.call(listJobs)).rejects.toMatchObject({
    exitCode: 3,
    message: expect.stringMatching(
      /^Cannot reach http:.*, which is from the given URL\. The daemon is not running.*ECONNREFUSED/,
    ) as string,
  });
});

test("a response of another version is refused when it is read, and kept as it was sent", async () => {
  const client = await clientOf({ status: 200, body: '{"items":[{"id":7}],"nextCursor":null}' });
  const answer = await client.call(listJobs, { query: { status: ["failed", "queued"] } });
  expect(answer.text).toContain('"id":7');
  expect(() => answer.body()).toThrow(
    /^The daemon's response to GET \/v1\/jobs is not the one of version \S+: items\.0\./,
  );
});
