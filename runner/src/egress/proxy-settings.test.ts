import { describe, expect, test } from "vitest";
import { isBypassed, parseBypasses, parseProxyUrl } from "./proxy-settings.ts";

describe("NO_PROXY", () => {
  test.each([
    ["n8n.corp", "n8n.corp"],
    ["n8n.corp", "a.N8N.corp."],
    [".corp", "n8n.corp"],
    [".corp", "corp"],
    ["*.corp", "n8n.corp"],
    ["localhost", "n8n.localhost"],
    ["10.0.0.0/8", "10.1.2.3"],
    ["10.1.2.3", "10.1.2.3"],
    ["fd00::/8", "fd12::1"],
    ["[::1]", "::1"],
    ["::1", "::1"],
    ["*", "anything.example"],
    ["n8n.corp:443", "n8n.corp"],
    ["[::1]:443", "::1"],
    ["other.example , n8n", "n8n"],
    ["node1", "node1"],
    ["10.example", "10.example"],
  ])("%s covers %s", (text, hostname) => {
    expect(isBypassed({ hostname, port: 443 }, parseBypasses(text))).toBe(true);
  });

  test.each([
    ["n8n.corp", "xn8n.corp"],
    ["n8n.corp", "n8n.corp.example"],
    ["n8n.corp", "a.n8n.corp.example"],
    ["n8n.corp:80", "n8n.corp"],
    ["*:80", "n8n.corp"],
    ["10.0.0.0/8", "11.0.0.1"],
    ["10.0.0.0/8", "fd00::1"],
    ["10.0.0.0/8", "10.example"],
    ["10.1.2.3", "10.1.2.4"],
    ["::1", "::2"],
    ["[::1]:443", "::2"],
    ["", "n8n.corp"],
  ])("%j does not cover %s", (text, hostname) => {
    expect(isBypassed({ hostname, port: 443 }, parseBypasses(text))).toBe(false);
  });

  test.each(["10.0.0.0/33", "a b", "http://n8n.corp", "1.2.3", "n8n:x", "a*b"])(
    "%j is not valid, and the error names it",
    (entry) => {
      expect(() => parseBypasses(`localhost,${entry}`)).toThrow(`"${entry}" is not valid`);
    },
  );
});

describe("the proxy's URL", () => {
  test.each([
    "http://proxy.example:3128",
    "http://proxy.example/",
    "https://us%40er:pass@[::1]:3128",
  ])("%s is valid", (url) => {
    expect(parseProxyUrl(url)).toBe(url);
  });

  test.each([
    "proxy.example",
    "proxy.example:3128",
    "xhttp://proxy.example",
    "socks5://proxy.example",
    "http://proxy.example/path",
    "http://proxy.example?x",
    "http://user:100%25%@proxy.example",
  ])("%s is not valid, and the error does not contain it", (url) => {
    expect(() => parseProxyUrl(url)).toThrow(/^must (?:be an http|have a user name)/);
  });
});
