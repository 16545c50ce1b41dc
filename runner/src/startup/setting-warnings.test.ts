import { expect, test } from "vitest";
import { parseSettings, unknownVariables } from "../config.ts";
import {
  kubernetesWarnings,
  missingPluginsDirWarning,
  proxyWarning,
  secretFlagWarnings,
  variableWarnings,
} from "./setting-warnings.ts";

test("variables with our prefix that are not settings are found", () => {
  const env = { PLAYGROUND_PROT: "1", PLAYGROUND_PORT: "1", PATH: "/bin", PLAYGROUND: "x" };
  expect(unknownVariables(env)).toEqual(["PLAYGROUND_PROT"]);
});

test.each([
  ["PLAYGROUND_PROT", "Did you mean PLAYGROUND_PORT?"],
  ["PLAYGROUND_PLUGIN_DIR", "Did you mean PLAYGROUND_PLUGINS_DIR?"],
  ["PLAYGROUND_LOGLEVEL", "Did you mean PLAYGROUND_LOG_LEVEL?"],
  ["PLAYGROUND_KIWI", "`playground-runner start --help` lists all settings."],
  ["PLAYGROUND_COLOUR_OF_ALL", "`playground-runner start --help` lists all settings."],
])("%s gives a warning that suggests the setting with the most similar name", (name, hint) => {
  expect(variableWarnings([name])).toEqual([`Warning: ${name} is not a setting. ${hint}`]);
});

test("the variables of a Kubernetes service named playground set nothing, with one warning", () => {
  const env = {
    PLAYGROUND_SERVICE_HOST: "10.43.17.5",
    PLAYGROUND_SERVICE_PORT: "8787",
    PLAYGROUND_SERVICE_PORT_HTTP: "8787",
    PLAYGROUND_PORT: "tcp://10.43.17.5:8787",
    PLAYGROUND_PORT_8787_TCP: "tcp://10.43.17.5:8787",
    PLAYGROUND_PORT_8787_TCP_PROTO: "tcp",
    PLAYGROUND_PORT_8787_TCP_PORT: "8787",
    PLAYGROUND_PORT_8787_TCP_ADDR: "10.43.17.5",
    PLAYGROUND_TOKEN_PORT: "tcp://10.43.17.6:80",
    PLAYGROUND_TOKEN_SERVICE_HOST: "10.43.17.6",
  };
  expect(parseSettings([], env).port).toBe(8787);
  expect(parseSettings(["--port", "9000"], env).port).toBe(9000);
  expect(unknownVariables(env)).toEqual([]);
  expect(kubernetesWarnings(env)).toEqual([
    expect.stringMatching(/^Warning: PLAYGROUND_PORT is ignored, .*enableServiceLinks: false/),
  ]);
});

test("a port that is wrong in another way still stops the start", () => {
  expect(() => parseSettings([], { PLAYGROUND_PORT: "80a" })).toThrow("PLAYGROUND_PORT is");
  expect(unknownVariables({ PLAYGROUND_HTTP_PORT: "80" })).toEqual(["PLAYGROUND_HTTP_PORT"]);
});

test("a missing plugins folder gives a warning unless it is the default one", () => {
  expect(missingPluginsDirWarning(parseSettings([], {}))).toBeNull();
  expect(missingPluginsDirWarning({ pluginsDir: "/nowhere" })).toContain('"/nowhere"');
});

test("a proxy that is set for other programs gives a warning that names our setting", () => {
  const env = { HTTPS_PROXY: "http://proxy.example:3128", HTTP_PROXY: "" };
  expect(proxyWarning(parseSettings([], env))).toMatch(
    /^Warning: HTTPS_PROXY is set, .* set PLAYGROUND_PROXY, and PLAYGROUND_NO_PROXY /,
  );
  const own = { ...env, PLAYGROUND_PROXY: "http://proxy.example:3128" };
  expect(proxyWarning(parseSettings([], own))).toBeNull();
  expect(proxyWarning(parseSettings([], {}))).toBeNull();
});

test.each([
  ["--token", "abc", "is deprecated", "--token-file or PLAYGROUND_TOKEN"],
  ["--secret-key", "abc", "is deprecated", "--secret-key-file or PLAYGROUND_SECRET_KEY"],
  [
    "--database-url",
    "postgres://me:secret@db/jobs",
    "contains a password",
    "--database-url-file or PLAYGROUND_DATABASE_URL",
  ],
  [
    "--database-url",
    "postgres://me@db/jobs?password=secret",
    "contains a password",
    "--database-url-file or PLAYGROUND_DATABASE_URL",
  ],
  ["--proxy", "http://me:secret@proxy:3128", "contains a password", "PLAYGROUND_PROXY"],
])("a secret in the flag %s, as %s, gives a warning", (flag, value, problem, others) => {
  for (const args of [[flag, value], [`${flag}=${value}`]]) {
    const [warning, ...more] = secretFlagWarnings(["start", ...args]);
    expect(more).toEqual([]);
    expect(warning).toContain(`Warning: ${flag} ${problem}, `);
    expect(warning?.endsWith(`Use ${others} instead.`)).toBe(true);
    expect(warning).not.toContain(value);
  }
});

test("a URL without a password in a flag gives no warning", () => {
  const args = ["start", "--database-url", "postgres://me@db/jobs", "--proxy=http://proxy:3128"];
  expect(secretFlagWarnings(args)).toEqual([]);
});
