import { afterEach, describe, expect, test } from "vitest";
import { AUTHORIZED, createBackend, type Backend } from "../../test/support/scripted-backend.ts";

let backend: Backend;
afterEach(() => backend.app.close());

const PUBLIC = { publicUrl: "https://jobs.example.com", allowedHosts: ["playground"] };

async function ask(
  headers: Record<string, string>,
  settings: Parameters<typeof createBackend>[0] = PUBLIC,
): Promise<{ status: number; code: string | undefined; detail: string }> {
  backend = createBackend(settings);
  const response = await backend.app.inject({
    url: "/v1/jobs",
    headers: { ...AUTHORIZED, ...headers },
  });
  const { code, detail = "" } = response.json<{ code?: string; detail?: string }>();
  return { status: response.statusCode, code, detail };
}

describe("against DNS rebinding, a request for the host", () => {
  test.each([
    "localhost",
    "LOCALHOST:8787",
    "localhost.:8787",
    "playground.localhost:8787",
    "127.0.0.1:8787",
    "[::1]:8787",
    "192.168.1.20:8787",
    "jobs.example.com",
    "jobs.example.com:443",
    "playground:8787",
    "nas",
    "host.docker.internal:8787",
    "docker-service_1:8787",
  ])("%s is accepted", async (host) => {
    expect((await ask({ host })).status).toBe(200);
  });

  test.each([
    "evil.example",
    "evil.example:8787",
    "localhost.evil.example",
    "evil.localhost.example",
    "evillocalhost.example",
    "internal.evil.example",
    "jobs.example.com.evil.example",
    "127.0.0.1.evil.example",
    "127.0.0.1@evil.example",
    "2130706433",
    "playground:8787:8787",
    "[::1",
  ])("%j is refused with the settings that allow it", async (host) => {
    const { status, code, detail } = await ask({ host });
    expect([status, code]).toEqual([421, "HOST_REFUSED"]);
    expect(detail).toContain("PLAYGROUND_ALLOWED_HOSTS");
    expect(detail).toContain("PLAYGROUND_PUBLIC_URL");
  });

  test.each(["/", "/healthz", "/readyz", "/docs", "/nowhere"])(
    "evil.example is also refused at %s",
    async (url) => {
      backend = createBackend();
      const headers = { host: "evil.example", accept: "text/html" };
      const response = await backend.app.inject({ url, headers });
      expect(response.statusCode).toBe(421);
    },
  );

  test("without a name is refused, also if a setting is empty", async () => {
    expect((await ask({ host: "." }, { host: "", allowedHosts: [""] })).status).toBe(421);
  });

  test("that the daemon listens on is accepted, whatever its name is", async () => {
    expect((await ask({ host: "box.lan:1" }, { host: "box.lan" })).status).toBe(200);
    expect((await ask({ host: "box.lan:1" }, { host: "127.0.0.1" })).status).toBe(421);
  });
});

describe("against cross-site requests (CSRF), a request from a page of", () => {
  test.each([
    ["http://localhost:8787", "localhost:8787"],
    ["https://jobs.example.com", "jobs.example.com"],
    ["https://jobs.example.com", "127.0.0.1:8787"],
    ["http://playground:8787", "playground:8787"],
  ])("%s to %s is accepted, because it is the daemon's own origin", async (origin, host) => {
    expect((await ask({ origin, host })).status).toBe(200);
  });

  test.each([
    ["https://evil.example", "localhost:8787"],
    ["http://localhost:3000", "localhost:8787"],
    ["http://localhost", "localhost:8787"],
    ["http://jobs.example.com", "127.0.0.1:8787"],
    ["null", "localhost:8787"],
    ["", "localhost:8787"],
    ["file://", "localhost:8787"],
    ["localhost:8787", "localhost:8787"],
  ])("%j to %s is refused in spite of its valid token", async (origin, host) => {
    const { status, code, detail } = await ask({ origin, host });
    expect([status, code]).toEqual([403, "ORIGIN_REFUSED"]);
    expect(detail).toContain("PLAYGROUND_PUBLIC_URL");
  });

  test("another origin gets no permission in response to a CORS preflight", async () => {
    backend = createBackend();
    const response = await backend.app.inject({
      method: "OPTIONS",
      url: "/v1/jobs",
      headers: {
        host: "localhost:8787",
        origin: "https://evil.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization",
      },
    });
    expect(response.statusCode).toBe(403);
    expect(
      Object.keys(response.headers).filter((name) => name.startsWith("access-control")),
    ).toEqual([]);
  });
});
