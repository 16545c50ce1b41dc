import { useEffect, useRef } from "preact/hooks";
import { session } from "../api/session.ts";
import { status } from "../api/status.ts";
import { connection } from "../live/stream.ts";
import { Icon } from "../parts/icon.tsx";
import { zoneName } from "../preferences/time-zone.ts";
import { linkTo } from "../router.ts";
import { menuScreens, SCREENS } from "../screens.ts";
import { Mark } from "./mark.tsx";
import { Preferences } from "./preferences.tsx";

interface MenuProps {
  /** The path of the open screen. */
  readonly current: string;
  readonly onHelp: () => void;
}

/** Where a mistake costs most, the badge warns. */
function environmentClass(environment: string): string {
  return environment === "production" ? "environment production" : "environment";
}

const CONNECTION = {
  live: "live",
  connecting: "connecting…",
  polling: "not live, loads every 5 s",
  paused: "paused",
} as const;

/** The entry of the menu that is highlighted. */
function entryOf(path: string): string {
  return SCREENS.find((screen) => screen.path === path)?.within ?? path;
}

export function Menu({ current, onHelp }: MenuProps) {
  const nav = useRef<HTMLElement>(null);
  const hasNotes = status.value !== null;
  // On a narrow screen the menu is a row that scrolls. The notes make it longer when they arrive.
  useEffect(() => {
    nav.current
      ?.querySelector("[aria-current]")
      ?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [current, hasNotes]);
  const environment = session.value?.environment;
  const version = session.value?.version;
  return (
    <header class="side">
      <a class="brand" href="#/" aria-label="Playground">
        <Mark /> <b>Playground</b>
        {environment && <span class={environmentClass(environment)}>{environment}</span>}
      </a>
      <nav aria-label="Main" ref={nav}>
        {menuScreens().map(({ path, title, note }) => {
          const said = status.value === null ? null : note?.(status.value);
          return (
            <a
              key={path}
              href={linkTo([path].filter(Boolean))}
              aria-current={path === entryOf(current) ? "page" : undefined}
            >
              <span>{title}</span>
              {said && <span class={said.isBad ? "n bad" : "n"}>{said.text}</span>}
            </a>
          );
        })}
      </nav>
      <div class="side-end">
        <button type="button" class="icon-btn" popovertarget="preferences" aria-label="Preferences">
          <Icon name="more" />
        </button>
        <p class={`connection ${connection.value}`}>
          {version} · <span>{CONNECTION[connection.value]}</span>
          <br />
          Times in {zoneName.value}
        </p>
      </div>
      <Preferences onHelp={onHelp} />
    </header>
  );
}
