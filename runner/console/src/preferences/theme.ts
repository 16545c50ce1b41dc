import { effect, signal } from "@preact/signals";
import { storedChoice } from "./stored.ts";

export const THEMES = ["system", "light", "dark"] as const;

export const theme = storedChoice("theme", THEMES);

const darkSystem = matchMedia("(prefers-color-scheme: dark)");
/** Whether the system is dark now. A canvas must be drawn again when that changes. */
export const isSystemDark = signal(darkSystem.matches);
darkSystem.addEventListener("change", ({ matches }) => (isSystemDark.value = matches));

/** The style sheet's colours are pairs of `light-dark()`. */
export function applyTheme(): void {
  effect(() => {
    document.documentElement.dataset["theme"] = theme.value;
  });
}
