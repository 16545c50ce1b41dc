import { expect, test } from "vitest";
import { environmentNameFault, isSystemVariable } from "./environment-name.ts";

test.each(["PATH", "Path", "http_proxy", "LC_ALL", "NODE_OPTIONS", "XDG_CACHE_HOME", "TZ"])(
  "%s is of the system",
  (name) => expect(isSystemVariable(name)).toBe(true),
);

// Keys that begin like a variable of the system.
test.each([
  "NPM_TOKEN",
  "NODE_AUTH_TOKEN",
  "LD_SDK_KEY",
  "PATH_TO_KEY",
  "UV_PUBLISH_TOKEN",
  "LC",
  "MY_LC_KEY",
  "MY_XDG_TOKEN",
])("%s is not", (name) => expect(isSystemVariable(name)).toBe(false));

test.each(["A", "_", "report_url2", "MY_PLAYGROUND_KEY", "PLAYGROUNDS", "a".repeat(128)])(
  "a plugin can declare %s",
  (name) => expect(environmentNameFault(name)).toBeNull(),
);

test.each(["", "2FA", "A-B", "A B", " A", "A ", "A=", "a".repeat(129), null, 7])(
  "%j is no name of a variable",
  (name) => expect(environmentNameFault(name)).toMatch(/must be the name/),
);

test("a plugin cannot declare a variable of the daemon", () => {
  expect(environmentNameFault("PLAYGROUND_TOKEN")).toMatch(/daemon's own/);
});
