import { expect, test } from "vitest";
import { readTracingSettings } from "./tracing-settings.ts";

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318" };

test.each([
  ["no variable", {}],
  ["an empty endpoint", { OTEL_EXPORTER_OTLP_ENDPOINT: "" }],
  ["the SDK disabled", { ...ENDPOINT, OTEL_SDK_DISABLED: "TRUE" }],
  ["no exporter", { ...ENDPOINT, OTEL_TRACES_EXPORTER: "none" }],
])("with %s nothing is exported", (_, env) => {
  expect(readTracingSettings(env)).toBeNull();
});

test("an endpoint is enough, also one for traces only", () => {
  const settings = {
    sampler: "parentbased_always_on",
    ratio: 1,
    queue: {
      maxQueueSize: 2048,
      maxExportBatchSize: 512,
      scheduledDelayMillis: 5_000,
      exportTimeoutMillis: 30_000,
    },
  };
  expect(readTracingSettings(ENDPOINT)).toEqual(settings);
  const ofTraces = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "https://otel.example.com/v1/traces" };
  expect(readTracingSettings(ofTraces)).toEqual(settings);
});

test("the sampler and the queue are set by their variables", () => {
  const env = {
    ...ENDPOINT,
    OTEL_TRACES_SAMPLER: "traceidratio",
    OTEL_TRACES_SAMPLER_ARG: "0.1",
    OTEL_BSP_MAX_QUEUE_SIZE: "100",
  };
  expect(readTracingSettings(env)).toMatchObject({
    sampler: "traceidratio",
    ratio: 0.1,
    queue: { maxQueueSize: 100, maxExportBatchSize: 100 },
  });
});

test.each([
  ["OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318", "a URL"],
  ["OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "http/protobuf"],
  ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json", "http/protobuf"],
  ["OTEL_TRACES_EXPORTER", "zipkin", "otlp or none"],
  ["OTEL_TRACES_SAMPLER", "sometimes", "always_on"],
  ["OTEL_TRACES_SAMPLER_ARG", "2", "a number from 0 to 1"],
  ["OTEL_BSP_MAX_QUEUE_SIZE", "0", "a whole number"],
])("%s=%s is refused", (name, value, right) => {
  expect(() => readTracingSettings({ ...ENDPOINT, [name]: value })).toThrow(
    new RegExp(`^${name} is "${value}": it must be .*${right}`),
  );
});
