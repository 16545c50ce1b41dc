/** The examples of the webhook integration guide, and the comparison of our payloads with them. */
import { EVENT_KINDS, type EventKind } from "../../src/domain/event.ts";
import examples from "./guide-examples.json" with { type: "json" };

export const GUIDE_WEBHOOK = examples.webhook;
export const GUIDE_EVENTS: Readonly<Record<EventKind, unknown>> = examples;

/** The keys of these objects are plugin names. The guide only defines the form of the values. */
const NAMED_BY_PLUGIN = /^\/result\/metrics\/0$/;

/** A job's input, in whatever form the client sent it. */
const FREE = /^\/config\/input$/;

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  return value === null ? "null" : typeof value;
}

/**
 * Every field of the example that `actual` lacks or has with another type, as `path: why`.
 * Additional fields are allowed. Values can differ, except `status`.
 */
export function differences(example: unknown, actual: unknown, path = ""): string[] {
  if (FREE.test(path)) return actual === undefined ? [`${path}: missing`] : [];
  if (typeOf(example) !== typeOf(actual)) {
    return [`${path}: is ${typeOf(actual)}, but ${typeOf(example)} in the guide`];
  }
  if (path.endsWith("/status") && example !== actual) {
    return [`${path}: is ${String(actual)}, but ${String(example)} in the guide`];
  }
  if (Array.isArray(example)) {
    // All items of a list in the guide have one form, and so must all of ours.
    return (actual as unknown[]).flatMap((item) => differences(example[0], item, `${path}/0`));
  }
  if (typeof example !== "object" || example === null) return [];
  const fields = Object.entries(example);
  const given = actual as Record<string, unknown>;
  if (NAMED_BY_PLUGIN.test(path)) {
    return Object.entries(given).flatMap(([name, value]) =>
      differences(fields[0]?.[1], value, `${path}/${name}`),
    );
  }
  return fields.flatMap(([name, value]) => differences(value, given[name], `${path}/${name}`));
}

/** The JSON examples in the guide's text by event kind, and the first webhook that it configures. */
export function parseGuide(markdown: string): Record<EventKind | "webhook", unknown> {
  const blocks = [...markdown.matchAll(/```(?:json|typescript)\n([\s\S]*?)```/g)].map(
    ([, text = ""]) => text.replaceAll(/\s+\/\/.*$/gm, ""),
  );
  const values = blocks.flatMap((text): Record<string, unknown>[] => {
    try {
      return [JSON.parse(text) as Record<string, unknown>];
    } catch {
      return [];
    }
  });
  const byKind = EVENT_KINDS.map((kind) => [kind, values.find((v) => v["status"] === kind)]);
  return Object.fromEntries([
    ["webhook", values.find((value) => "webhook" in value)?.["webhook"]],
    ...byKind,
  ]) as Record<EventKind | "webhook", unknown>;
}
