/** The resolver with real DNS servers on loopback. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, test } from "vitest";
import { startDnsServer, type DnsServer } from "../../test/support/dns-server.ts";
import { createResolver } from "./resolver.ts";

const closers: (() => Promise<unknown>)[] = [];
const dir = mkdtempSync(join(tmpdir(), "playground-resolver-"));

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function dnsServer(...args: Parameters<typeof startDnsServer>): Promise<DnsServer> {
  const dns = await startDnsServer(...args);
  closers.push(() => dns.close());
  return dns;
}

function write(name: string, text: string): string {
  writeFileSync(join(dir, name), text);
  return join(dir, name);
}

test.each(["localhost", "LOCALHOST.", "n8n.localhost", "a.b.localhost."])(
  "%s is loopback, and no name server is asked",
  async (name) => {
    const dns = await dnsServer(() => ["10.0.0.1"]);
    const resolve = createResolver({ servers: [dns.address] });
    expect(await resolve(name)).toEqual(["127.0.0.1", "::1"]);
    expect(dns.asked).toEqual([]);
  },
);

test.each(["a.localhost.example", "notlocalhost"])("%s is looked up", async (name) => {
  const dns = await dnsServer(() => ["10.0.0.1"]);
  const resolve = createResolver({ servers: [dns.address] });
  expect(await resolve(name)).toEqual(["10.0.0.1"]);
});

test("a changed resolv.conf counts from the next name on, although the old server is silent", async () => {
  const silent = await dnsServer(() => null, { dropsAaaa: true });
  const good = await dnsServer(() => ["127.0.0.1"]);
  const resolvConf = write("changes.conf", `nameserver ${silent.address}\n`);
  const resolve = createResolver({ resolvConf });
  const before = resolve("before.example");
  before.catch(() => {});
  await expect.poll(() => silent.asked).toContain("before.example");
  write("changes.conf", `nameserver ${good.address}\n# changed\n`);
  const names = Array.from({ length: 6 }, (_, n) => `many${n}.example`);
  const from = performance.now();
  for (const found of await Promise.all(names.map((name) => resolve(name)))) {
    expect(found).toEqual(["127.0.0.1"]);
  }
  expect(performance.now() - from).toBeLessThan(2_900);
  expect(good.asked.toSorted()).toEqual(names);
});

test("an address from before the change of resolv.conf is not used", async () => {
  const one = await dnsServer(() => ["127.0.0.1"]);
  const two = await dnsServer(() => ["127.0.0.2"]);
  const resolvConf = write("moves.conf", `nameserver ${one.address}\n`);
  const resolve = createResolver({ resolvConf });
  expect(await resolve("n8n.example")).toEqual(["127.0.0.1"]);
  write("moves.conf", `nameserver ${two.address}\n# changed\n`);
  expect(await resolve("n8n.example")).toEqual(["127.0.0.2"]);
});

test("short names are found in the search domains, many at once", async () => {
  const dns = await dnsServer((name) =>
    name.endsWith(".default.svc.cluster.local") ? ["127.0.0.1"] : [],
  );
  const search = "default.svc.cluster.local svc.cluster.local";
  const resolvConf = write("search.conf", `nameserver ${dns.address}\nsearch ${search}\n`);
  const resolve = createResolver({ resolvConf });
  const names = ["n8n", "billing", "mailer", "search"];
  for (const found of await Promise.all(names.map((name) => resolve(name)))) {
    expect(found).toEqual(["127.0.0.1"]);
  }
  expect(dns.asked.toSorted()).toEqual(
    names.map((name) => `${name}.default.svc.cluster.local`).toSorted(),
  );
});

test("a name of another namespace is found in a later search domain", async () => {
  const dns = await dnsServer((name) =>
    name === "n8n.tools.svc.cluster.local" ? ["127.0.0.1"] : [],
  );
  const search =
    "search default.svc.cluster.local svc.cluster.local cluster.local\noptions ndots:5";
  const resolvConf = write("ndots.conf", `nameserver ${dns.address}\n${search}\n`);
  const resolve = createResolver({ resolvConf });
  expect(await resolve("n8n.tools")).toEqual(["127.0.0.1"]);
  expect(dns.asked).toEqual(["n8n.tools.default.svc.cluster.local", "n8n.tools.svc.cluster.local"]);
});

test("the hosts file comes first and is read again after a change", async () => {
  const dns = await dnsServer(() => ["127.0.0.1"]);
  const hostsFile = write("hosts", "10.0.0.7 box.lan\n");
  const resolve = createResolver({ servers: [dns.address], hostsFile });
  expect(await resolve("box.lan")).toEqual(["10.0.0.7"]);
  write("hosts", "10.0.0.8 box.lan # moved\n");
  expect(await resolve("box.lan")).toEqual(["10.0.0.8"]);
  expect(dns.asked).toEqual([]);
});

test("queries DNS once while the cached response is fresh, and again afterwards", async () => {
  const dns = await dnsServer(() => ["127.0.0.1"]);
  let now = 0;
  const resolve = createResolver({ servers: [dns.address], now: () => now });
  await Promise.all([resolve("once.example"), resolve("once.example"), resolve("ONCE.example.")]);
  expect(dns.asked).toEqual(["once.example"]);
  now += 60_000;
  await resolve("once.example");
  expect(dns.asked).toEqual(["once.example", "once.example"]);
});

test("an unknown name rejects with its code, and the next call queries it again", async () => {
  let known = false;
  const dns = await dnsServer(() => (known ? ["127.0.0.1"] : []));
  const resolve = createResolver({ servers: [dns.address] });
  await expect(resolve("late.example")).rejects.toMatchObject({ code: "ENODATA" });
  known = true;
  expect(await resolve("late.example")).toEqual(["127.0.0.1"]);
});

test("a name server that drops AAAA queries delays nothing", async () => {
  const dns = await dnsServer(() => ["127.0.0.1"], { dropsAaaa: true });
  const resolve = createResolver({ servers: [dns.address] });
  const from = performance.now();
  expect(await resolve("v4only.example")).toEqual(["127.0.0.1"]);
  // Waiting for the AAAA query would take at least the resolver's three seconds.
  expect(performance.now() - from).toBeLessThan(2_900);
});
