/** What is said of settings that are most likely a mistake, and may be none. */
import { toEnvName, DEFAULTS, SETTING_NAMES, unknownVariables, type Settings } from "../config.ts";
import { nearest } from "../system/nearest.ts";

/** Other programs may use the prefix too, so that a variable which is no setting is no reason to refuse. */
export function variableWarnings(names: readonly string[] = unknownVariables()): string[] {
  const prefix = toEnvName("");
  return names.map((name) => {
    const most = Math.floor((name.length - prefix.length) / 2);
    const meant = nearest(name, SETTING_NAMES, most);
    const hint = meant === null ? "--help lists the settings" : `is ${meant} meant?`;
    return `Warning: ${name} is set and is no setting: ${hint}`;
  });
}

/** Null where the default is not there: who has no plugins needs no folder. */
export function missingPluginsDirWarning({
  pluginsDir,
}: Pick<Settings, "pluginsDir">): string | null {
  if (pluginsDir === DEFAULTS.pluginsDir) return null;
  return `Warning: ${toEnvName("pluginsDir")} is "${pluginsDir}", where no folder is yet: a daemon takes its plugins when it is made.`;
}
