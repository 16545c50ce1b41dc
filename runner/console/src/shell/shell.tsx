import { useMemo, useState } from "preact/hooks";
import { useShortcuts } from "../keyboard.ts";
import { goTo, linkTo, place } from "../router.ts";
import { SCREENS } from "../screens.ts";
import { Help } from "./help.tsx";
import { Menu } from "./menu.tsx";
import { CurrentScreen } from "./current-screen.tsx";
import { focusSearch } from "./search.tsx";

export function Shell() {
  const [isHelpOpen, setHelpOpen] = useState(false);
  const keys = useMemo(
    () => ({
      "?": () => setHelpOpen(true),
      "/": focusSearch,
      n: () => goTo(linkTo(["run"])),
      ...Object.fromEntries(
        SCREENS.map(({ letter, path }) => [
          `g ${letter}`,
          () => goTo(linkTo([path].filter(Boolean))),
        ]),
      ),
    }),
    [],
  );
  useShortcuts(keys);
  const [first = ""] = place.value.parts;
  return (
    <div class="app">
      <a class="skip" href="#main" onClick={skipToMain}>
        Skip to the content
      </a>
      <Menu current={first} onHelp={() => setHelpOpen(true)} />
      <main id="main" tabIndex={-1}>
        <CurrentScreen />
      </main>
      {isHelpOpen && <Help onClose={() => setHelpOpen(false)} />}
    </div>
  );
}

/** The address is the router's, so the link cannot use it. */
function skipToMain(event: Event): void {
  event.preventDefault();
  document.querySelector<HTMLElement>("#main")?.focus();
}
