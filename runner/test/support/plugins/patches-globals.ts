import { definePlugin } from "playground-runner/plugin";

function hostile(): never {
  throw new Error("patched");
}

/** The patches, by the name that the input gives. Each breaks something. */
const PATCHES: Readonly<Record<string, () => void>> = {
  "Array.prototype.push": () => Object.assign(Array.prototype, { push: hostile }),
  "Array.prototype.last": () => Object.assign(Array.prototype, { last: hostile }),
  "Object.prototype.polluted": () => Object.assign(Object.prototype, { polluted: true }),
  "JSON.stringify": () => void (JSON.stringify = () => '"patched"'),
  "JSON.parse": () => void (JSON.parse = hostile),
  fetch: () => void (globalThis.fetch = hostile),
  Date: () => Object.assign(globalThis, { Date: class extends Date {} }),
  "Date.now": () => void (Date.now = () => 0),
  Promise: () => Object.assign(globalThis, { Promise: class<T> extends Promise<T> {} }),
  "Map.prototype.get": () => Object.assign(Map.prototype, { get: hostile }),
  "process.exit": () => void (process.exit = () => undefined as never),
  "process.stdout.write": () => void (process.stdout.write = () => true),
  "console.log": () => void (console.log = hostile),
  "the listeners of uncaughtException": () => process.removeAllListeners("uncaughtException"),
};

export default definePlugin({
  name: "patches-globals",
  description: "Changes a global that all code in its thread shares.",
  run(input) {
    PATCHES[input as string]?.();
    return "patched";
  },
});
