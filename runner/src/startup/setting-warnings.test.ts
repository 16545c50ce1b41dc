import { expect, test } from "vitest";
import { parseSettings, unknownVariables } from "../config.ts";
import { missingPluginsDirWarning, variableWarnings } from "./setting-warnings.ts";

test("variables with our prefix that are not settings are found", () => {
  const env = { PLAYGROUND_PROT: "1", PLAYGROUND_PORT: "1", PATH: "/bin", PLAYGROUND: "x" };
  expect(unknownVariables(env)).toEqual(["PLAYGROUND_PROT"]);
});

test.each([
  ["PLAYGROUND_PROT", "Did you mean PLAYGROUND_PORT?"],
  ["PLAYGROUND_PLUGIN_DIR", "Did you mean PLAYGROUND_PLUGINS_DIR?"],
  ["PLAYGROUND_LOGLEVEL", "Did you mean PLAYGROUND_LOG_LEVEL?"],
  ["PLAYGROUND_URL", "--help lists all settings."],
  ["PLAYGROUND_COLOUR_OF_ALL", "--help lists all settings."],
])("%s gives a warning that suggests the setting with the most similar name", (name, hint) => {
  expect(variableWarnings([name])).toEqual([`Warning: ${name} is not a setting. ${hint}`]);
});

test("a missing plugins folder gives a warning unless it is the default one", () => {
  expect(missingPluginsDirWarning(parseSettings([], {}))).toBeNull();
  expect(missingPluginsDirWarning({ pluginsDir: "/nowhere" })).toContain('"/nowhere"');
});
