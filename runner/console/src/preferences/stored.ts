import { effect, signal, type Signal } from "@preact/signals";

/** A choice that this browser remembers. */
export function storedChoice<T extends string>(
  name: string,
  choices: readonly [T, ...T[]],
): Signal<T> {
  const key = `playground.${name}`;
  const stored = localStorage.getItem(key);
  const choice = signal<T>(choices.find((one) => one === stored) ?? choices[0]);
  effect(() => localStorage.setItem(key, choice.value));
  addEventListener("storage", (event) => {
    const changed = choices.find((one) => event.key === key && one === event.newValue);
    if (changed !== undefined) choice.value = changed;
  });
  return choice;
}
