import type { Signal } from "@preact/signals";
import { logOut, session } from "../api/session.ts";
import { THEMES, theme } from "../preferences/theme.ts";
import { ZONES, zone } from "../preferences/time-zone.ts";

const THEME_NAMES = { system: "System", light: "Light", dark: "Dark" } as const;
const ZONE_NAMES = { local: "Local", utc: "UTC" } as const;

/** Theme, time zone and session, in a menu that the browser opens and closes. */
export function Preferences({ onHelp }: { readonly onHelp: () => void }) {
  const who = session.value;
  return (
    <div id="preferences" class="preferences" popover="auto">
      <p>
        {who?.name == null ? (
          "Logged in"
        ) : (
          <>
            Logged in as <b>{who.name}</b>
          </>
        )}
        <span class="faint"> · {who?.scope}</span>
      </p>
      <Choice legend="Theme" choices={THEMES} names={THEME_NAMES} value={theme} />
      <Choice legend="Times" choices={ZONES} names={ZONE_NAMES} value={zone} />
      <div class="acts">
        <button type="button" class="btn" popovertarget="preferences" onClick={onHelp}>
          Shortcuts
        </button>
        <button type="button" class="btn" onClick={() => void logOut()}>
          Log out
        </button>
      </div>
    </div>
  );
}

interface ChoiceProps<T extends string> {
  readonly legend: string;
  readonly choices: readonly T[];
  readonly names: Readonly<Record<T, string>>;
  readonly value: Signal<T>;
}

function Choice<T extends string>({ legend, choices, names, value }: ChoiceProps<T>) {
  return (
    <fieldset class="choice">
      <legend>{legend}</legend>
      {choices.map((choice) => (
        <label key={choice}>
          <input
            type="radio"
            name={legend}
            checked={value.value === choice}
            onChange={() => (value.value = choice)}
          />
          <span>{names[choice]}</span>
        </label>
      ))}
    </fieldset>
  );
}
