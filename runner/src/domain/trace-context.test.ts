import { expect, test } from "vitest";
import {
  fromTraceText,
  isSampled,
  parseTraceContext,
  spanIdOf,
  toTraceText,
  traceIdOf,
} from "./trace-context.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";
const GIVEN = `00-${TRACE}-${SPAN}-01`;

test("a traceparent has the ids and the flag of its sampling", () => {
  const context = parseTraceContext(GIVEN);
  if (context === null) throw new Error("It is valid.");
  expect(context).toEqual({ traceparent: GIVEN });
  expect([traceIdOf(context), spanIdOf(context), isSampled(context)]).toEqual([TRACE, SPAN, true]);
  expect(isSampled({ traceparent: `00-${TRACE}-${SPAN}-02` })).toBe(false);
});

test.each([
  ["no text", undefined],
  ["too short", GIVEN.slice(1)],
  ["capital letters", GIVEN.toUpperCase()],
  ["no trace id", `00-${"0".repeat(32)}-${SPAN}-01`],
  ["no span id", `00-${TRACE}-${"0".repeat(16)}-01`],
  ["the version that is none", `ff-${TRACE}-${SPAN}-01`],
  ["more than version 00 has", `${GIVEN}-more`],
  ["a line break", `${GIVEN}\r\nx-evil: 1`],
])("a traceparent with %s is ignored", (_, given) => {
  expect(parseTraceContext(given, "a=b")).toBeNull();
});

test("a later version is read as version 00", () => {
  expect(parseTraceContext(`cc-${TRACE}-${SPAN}-01-what-will-be`)).toEqual({ traceparent: GIVEN });
});

test.each([
  ["one header", "congo=t61rc,rojo=00f0", "congo=t61rc,rojo=00f0"],
  ["two headers", ["congo=t61rc", "rojo=00f0"], "congo=t61rc,rojo=00f0"],
  ["none", undefined, undefined],
  ["an empty one", " ", undefined],
  ["a line break", "a=b\r\nx-evil: 1", undefined],
  ["more than 512 characters", `a=${"b".repeat(511)}`, undefined],
])("the tracestate of %s", (_, given, read) => {
  expect(parseTraceContext(GIVEN, given)?.tracestate).toBe(read);
});

test.each([{ traceparent: GIVEN }, { traceparent: GIVEN, tracestate: "a=b c,d=e" }])(
  "%j is read as it was stored",
  (context) => {
    expect(fromTraceText(toTraceText(context))).toEqual(context);
  },
);
