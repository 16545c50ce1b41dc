import type { CommandContract } from "./command-contract.ts";

/** How the command is written, such as `tokens add NAME --scope read|run|admin [settings]`. */
export function usageOf(name: string, contract: CommandContract): string {
  const words = Object.entries(contract.arguments ?? {}).map(
    ([argument, { isOptional, repeats, choices }]) => {
      const shown = `${choices?.join("|") ?? argument}${repeats ? "…" : ""}`;
      return isOptional ? `[${shown}]` : shown;
    },
  );
  const flags = Object.entries(contract.flags ?? {});
  const required = flags
    .filter(([, flag]) => flag.isRequired)
    .map(([flag, { value, choices }]) => `--${flag} ${choices?.join("|") ?? value}`);
  const hasOthers = required.length < flags.length;
  return [
    name,
    ...words,
    ...required,
    ...(hasOthers ? ["[flags]"] : []),
    ...(contract.hasSettings ? ["[settings]"] : []),
  ].join(" ");
}
