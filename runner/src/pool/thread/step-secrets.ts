/** The secrets of a running step: what the plugin gets, and what hides their values in its log. */
import { inspect } from "node:util";
import type { JsonText } from "../../domain/json-text.ts";
import { toText, type LogBuffer } from "./log-buffer.ts";

/** Shorter values would also hide words and numbers that are no secret. */
const MIN_HIDDEN = 8;
const SHOWN = "[secrets]";

export interface StepSecrets {
  /** `ctx.secrets`. Its values are read by name only: nothing that lists or prints the object has them. */
  readonly values: Readonly<Record<string, string>>;
  /** Replaces each value in a text by its name. */
  readonly hide: (text: string) => string;
  /** The buffer, but what is logged and reported has the names in place of the values. */
  readonly hideIn: (buffer: LogBuffer) => LogBuffer;
  /** The names of the secrets whose values a text contains. */
  readonly namesIn: (text: string) => readonly string[];
}

interface Hidden {
  readonly name: string;
  readonly part: string;
}

export function createStepSecrets(secrets: Readonly<Record<string, string>> = {}): StepSecrets {
  const values = Object.create(null) as Record<PropertyKey, unknown>;
  const define = (key: PropertyKey, value: unknown): void =>
    void Object.defineProperty(values, key, { value });
  for (const [name, value] of Object.entries(secrets)) define(name, value);
  define("toJSON", () => SHOWN);
  define(Symbol.toPrimitive, () => SHOWN);
  define(inspect.custom, () => SHOWN);

  const hidden = Object.entries(secrets)
    .flatMap(([name, value]) => partsOf(value).map((part): Hidden => ({ name, part })))
    // A value that contains another one is replaced first.
    .toSorted((a, b) => b.part.length - a.part.length);

  const hide = (text: string): string =>
    hidden.reduce((left, { name, part }) => left.replaceAll(part, `•••${name}`), text);

  return {
    values: Object.freeze(values) as Record<string, string>,
    hide,
    hideIn: (buffer) => ({
      ...buffer,
      log: (level, message, data) =>
        buffer.log(level, hide(toText(message)), data && hideInJson(data, hide)),
      progress: ({ fraction, message }) =>
        buffer.progress({ fraction, message: message === null ? null : hide(message) }),
    }),
    namesIn(text) {
      const found = hidden.filter(({ part }) => text.includes(part));
      return [...new Set(found.map(({ name }) => name))];
    },
  };
}

/** The value as it is and as JSON writes it. Log lines have no line breaks, so each line of a key counts. */
function partsOf(value: string): string[] {
  const lines = value.split(/\r?\n/).filter((line) => !line.startsWith("-----"));
  const parts = [value, ...lines].flatMap((part) => [part, JSON.stringify(part).slice(1, -1)]);
  return [...new Set(parts)].filter((part) => part.length >= MIN_HIDDEN);
}

/** A value of digits can be a number in the data, and its name is none. */
function hideInJson(data: JsonText, hide: StepSecrets["hide"]): JsonText {
  const text = hide(data);
  if (text === data) return data;
  try {
    JSON.parse(text);
    return text as JsonText;
  } catch {
    return JSON.stringify({ hidden: "the data contained a secret" }) as JsonText;
  }
}
