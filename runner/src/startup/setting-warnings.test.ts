import { expect, test } from "vitest";
import { parseSettings, unknownVariables } from "../config.ts";
import { missingPluginsDirWarning, variableWarnings } from "./setting-warnings.ts";

test("variables with our prefix that are no settings are found", () => {
  const env = { PLAYGROUND_PROT: "1", PLAYGROUND_PORT: "1", PATH: "/bin", PLAYGROUND: "x" };
  expect(unknownVariables(env)).toEqual(["PLAYGROUND_PROT"]);
});

test.each([
  ["PLAYGROUND_PROT", "is PLAYGROUND_PORT meant?"],
  ["PLAYGROUND_PLUGIN_DIR", "is PLAYGROUND_PLUGINS_DIR meant?"],
  ["PLAYGROUND_LOGLEVEL", "is PLAYGROUND_LOG_LEVEL meant?"],
  ["PLAYGROUND_URL", "--help lists the settings"],
  ["PLAYGROUND_COLOUR_OF_ALL", "--help lists the settings"],
])("%s is warned of with what may be meant, if anything is near", (name, hint) => {
  expect(variableWarnings([name])).toEqual([`Warning: ${name} is set and is no setting: ${hint}`]);
});

test("a plugins folder that was named and is not there is warned of, the default is not", () => {
  expect(missingPluginsDirWarning(parseSettings([], {}))).toBeNull();
  expect(missingPluginsDirWarning({ pluginsDir: "/nowhere" })).toContain('"/nowhere"');
});
