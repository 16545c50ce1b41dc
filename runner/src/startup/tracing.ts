import type { Settings } from "../config.ts";
import type { Log } from "../ports/log.ts";
import type { Tracer } from "../ports/tracer.ts";
import { BadVariable, readTracingSettings } from "../tracing/tracing-settings.ts";
import { VERSION } from "../version.ts";
import { CannotStart } from "./cannot-start.ts";

/** They are optional, because they take 23 MB and few daemons export traces. */
const PACKAGES = [
  "@opentelemetry/exporter-trace-otlp-proto",
  "@opentelemetry/resources",
  "@opentelemetry/sdk-trace",
];

/** Null unless the variables of OpenTelemetry say where to: then nothing of it is loaded. Throws `CannotStart`. */
export async function openTracer({ env, traces }: Settings, log: Log): Promise<Tracer | null> {
  const settings = traces === "off" ? null : read(env);
  if (settings === null) return null;
  const { createOtelTracer } = await import("../tracing/otel-tracer.ts").catch(explain);
  return createOtelTracer(settings, { version: VERSION, log });
}

function read(env: Settings["env"]) {
  try {
    return readTracingSettings(env);
  } catch (error) {
    if (error instanceof BadVariable) throw new CannotStart(error.message, { cause: error });
    throw error;
  }
}

function explain(cause: unknown): never {
  if ((cause as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw cause;
  const why = (cause as Error).message.split("\n")[0];
  throw new CannotStart(
    `OTEL_EXPORTER_OTLP_ENDPOINT is set, and what exports traces is not installed (${why}). Run \`npm install ${PACKAGES.join(" ")}\`, or set PLAYGROUND_TRACES=off.`,
    { cause },
  );
}
