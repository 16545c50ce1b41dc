/** One-letter shortcuts, which can be switched off. `g` and a letter goes to a screen. */
import { useEffect } from "preact/hooks";
import { storedChoice } from "./preferences/stored.ts";

export const shortcuts = storedChoice("shortcuts", ["on", "off"]);

const SEQUENCE_MS = 1_500;

/** `keys` maps "n", "/" or "g j" to what it does. */
export function useShortcuts(keys: Readonly<Record<string, () => void>>): void {
  useEffect(() => {
    let pressed = "";
    let at = 0;
    const listen = (event: KeyboardEvent): void => {
      if (shortcuts.peek() === "off" || event.ctrlKey || event.metaKey || event.altKey) return;
      if (isTyping(event.target) || document.querySelector("dialog[open]") !== null) return;
      const both = `${pressed} ${event.key}`;
      const name = Date.now() - at < SEQUENCE_MS && both in keys ? both : event.key;
      pressed = event.key;
      at = Date.now();
      const act = keys[name];
      if (act === undefined) return;
      event.preventDefault();
      pressed = "";
      act();
    };
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, [keys]);
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
}
