import { format, inspect } from "node:util";
import { expect, test } from "vitest";
import type { JsonText } from "../../domain/json-text.ts";
import { createStepSecrets } from "./step-secrets.ts";

const PEM = "-----BEGIN KEY-----\nMIIBVgIBADANBgkq\nhkiG9w0BAQEFAASC\n-----END KEY-----";
const secrets = createStepSecrets({
  TOKEN: "t0ken-value",
  LONGER: "t0ken-value-longer",
  QUOTED: 'with "quotes" in it',
  PEM,
  SHORT: "1234567",
});

test("values are read by name, and are in nothing that lists or prints them", () => {
  expect(secrets.values["TOKEN"]).toBe("t0ken-value");
  expect(secrets.values["OTHER"]).toBeUndefined();
  const shown = [
    JSON.stringify({ secrets: secrets.values }),
    inspect(secrets.values),
    "".concat(secrets.values as unknown as string),
    format("%o", secrets.values),
    JSON.stringify({ ...secrets.values }),
    Object.values(secrets.values).join(),
  ];
  expect(shown.join("\n")).not.toContain("t0ken");
  expect(() => Object.assign(secrets.values, { TOKEN: "x" })).toThrow(TypeError);
});

test.each([
  ["Bearer t0ken-value.", "Bearer •••TOKEN."],
  ["t0ken-value-longer t0ken-value", "•••LONGER •••TOKEN"],
  [JSON.stringify({ a: 'with "quotes" in it' }), '{"a":"•••QUOTED"}'],
  [PEM, "•••PEM"],
  ["line MIIBVgIBADANBgkq of it", "line •••PEM of it"],
  ["-----BEGIN KEY-----", "-----BEGIN KEY-----"],
  ["1234567 is too short", "1234567 is too short"],
  ["nothing", "nothing"],
])("%j is shown as %j", (text, shown) => {
  expect(secrets.hide(text)).toBe(shown);
});

test("names those that a text contains", () => {
  expect(secrets.namesIn("a t0ken-value-longer")).toEqual(["LONGER", "TOKEN"]);
  expect(secrets.namesIn("MIIBVgIBADANBgkq hkiG9w0BAQEFAASC")).toEqual(["PEM"]);
  expect(secrets.namesIn("none")).toEqual([]);
});

test("what is logged and reported stays JSON when a value in it is hidden", () => {
  const lines: unknown[] = [];
  const buffer = createStepSecrets({ PIN: "12345678" }).hideIn({
    log: (_level, message, data) => void lines.push([message, data && JSON.parse(data)]),
    progress: ({ message }) => void lines.push(message),
    flush: () => {},
    close: () => ({ lines: [], droppedLines: 0 }),
  });
  buffer.log("info", "with 12345678", '{"pin":"12345678"}' as JsonText);
  buffer.log("info", { pin: "12345678" } as never, '{"pin":12345678}' as JsonText);
  buffer.log("info", "none", '{"n":1}' as JsonText);
  buffer.progress({ fraction: 0.5, message: "sent 12345678" });
  buffer.progress({ fraction: 0.6, message: null });
  expect(lines).toEqual([
    ["with •••PIN", { pin: "•••PIN" }],
    ["{ pin: '•••PIN' }", { hidden: "the data contained a secret" }],
    ["none", { n: 1 }],
    "sent •••PIN",
    null,
  ]);
});
