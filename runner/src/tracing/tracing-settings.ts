/** What the standard variables of OpenTelemetry say: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/ */

const SAMPLERS = [
  "always_on",
  "always_off",
  "traceidratio",
  "parentbased_always_on",
  "parentbased_always_off",
  "parentbased_traceidratio",
] as const;

export interface TracingSettings {
  readonly sampler: (typeof SAMPLERS)[number];
  /** The part of the traces that the `traceidratio` samplers record, in [0, 1]. */
  readonly ratio: number;
  readonly queue: {
    readonly maxQueueSize: number;
    readonly maxExportBatchSize: number;
    readonly scheduledDelayMillis: number;
    readonly exportTimeoutMillis: number;
  };
}

type Environment = Readonly<Record<string, string | undefined>>;

/** A variable with a value that cannot be used. The message names it, its value and what would be right. */
export class BadVariable extends Error {
  override readonly name = "BadVariable";
}

/** Null if no endpoint is set or traces are switched off. Throws `BadVariable`. */
export function readTracingSettings(env: Environment): TracingSettings | null {
  const endpointName = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"].find(
    (name) => Boolean(env[name]),
  );
  const isOff = env["OTEL_SDK_DISABLED"]?.toLowerCase() === "true";
  const exporter = env["OTEL_TRACES_EXPORTER"] || "otlp";
  if (endpointName === undefined || isOff || exporter === "none") return null;
  if (exporter !== "otlp") refuse("OTEL_TRACES_EXPORTER", exporter, "otlp or none");
  const endpoint = env[endpointName] ?? "";
  if (!/^https?:$/.test(URL.parse(endpoint)?.protocol ?? "")) {
    refuse(endpointName, endpoint, "a URL, such as http://127.0.0.1:4318");
  }
  const protocolName = env["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"]
    ? "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"
    : "OTEL_EXPORTER_OTLP_PROTOCOL";
  const protocol = env[protocolName] || "http/protobuf";
  if (protocol !== "http/protobuf") {
    refuse(protocolName, protocol, "http/protobuf, the only protocol that the daemon exports by");
  }
  const given = env["OTEL_TRACES_SAMPLER"] || "parentbased_always_on";
  const sampler = SAMPLERS.find((name) => name === given);
  if (sampler === undefined) refuse("OTEL_TRACES_SAMPLER", given, SAMPLERS.join(", "));
  const maxQueueSize = integer(env, "OTEL_BSP_MAX_QUEUE_SIZE", 2048);
  return {
    sampler,
    ratio: ratio(env),
    queue: {
      maxQueueSize,
      maxExportBatchSize: Math.min(
        maxQueueSize,
        integer(env, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 512),
      ),
      scheduledDelayMillis: integer(env, "OTEL_BSP_SCHEDULE_DELAY", 5_000),
      exportTimeoutMillis: integer(env, "OTEL_BSP_EXPORT_TIMEOUT", 30_000),
    },
  };
}

function ratio(env: Environment): number {
  const name = "OTEL_TRACES_SAMPLER_ARG";
  const text = env[name] || "1";
  const value = Number(text);
  return value >= 0 && value <= 1 ? value : refuse(name, text, "a number from 0 to 1");
}

function integer(env: Environment, name: string, otherwise: number): number {
  const text = env[name] || String(otherwise);
  const value = Number(text);
  return Number.isSafeInteger(value) && value >= 1
    ? value
    : refuse(name, text, "a whole number of at least 1");
}

function refuse(name: string, value: string, right: string): never {
  throw new BadVariable(`${name} is ${JSON.stringify(value)}: it must be ${right}.`);
}
