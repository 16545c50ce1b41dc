import { describe, expect, test } from "vitest";
import { candidates, parseResolvConf } from "./resolv-conf.ts";

const KUBERNETES = `
# written by the kubelet
search default.svc.cluster.local svc.cluster.local cluster.local
nameserver 10.96.0.10
options ndots:5 timeout:2
`;

describe("resolv.conf", () => {
  test("gives its name servers, search domains and ndots", () => {
    expect(parseResolvConf(KUBERNETES)).toEqual({
      servers: ["10.96.0.10"],
      search: ["default.svc.cluster.local", "svc.cluster.local", "cluster.local"],
      ndots: 5,
    });
  });

  test.each([
    ["", { servers: [], search: [], ndots: 1 }],
    ["nameserver nonsense\nnameserver ::1\n", { servers: ["::1"], search: [], ndots: 1 }],
    ["search a.example.\ndomain B.example c\n", { servers: [], search: ["b.example"], ndots: 1 }],
    ["options ndots:99\n;search a\nsearch .\n", { servers: [], search: [], ndots: 15 }],
    [
      "nameserver 10.0.0.1 # one\r\nnameserver 127.0.0.1:5353\nnameserver [::1]:54",
      { servers: ["10.0.0.1", "127.0.0.1:5353", "[::1]:54"], search: [], ndots: 1 },
    ],
  ])("%j is read as the system reads it", (text, conf) => {
    expect(parseResolvConf(text)).toEqual(conf);
  });
});

describe("the names to ask for", () => {
  const conf = parseResolvConf(KUBERNETES);
  test.each([
    ["n8n", ["n8n.default.svc.cluster.local", "n8n.svc.cluster.local", "n8n.cluster.local", "n8n"]],
    ["n8n.", ["n8n"]],
  ])("of %s", (hostname, names) => {
    expect(candidates(hostname, conf)).toEqual(names);
  });

  test("begin with the name itself when it has at least ndots dots", () => {
    const two = { servers: [], search: ["example.com"], ndots: 2 };
    expect(candidates("a.b.c", two)).toEqual(["a.b.c", "a.b.c.example.com"]);
    expect(candidates("a.b", two)).toEqual(["a.b.example.com", "a.b"]);
  });
});
