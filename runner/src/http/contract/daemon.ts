/** Routes about the daemon itself. */
import { z } from "zod";
import { defineRoute } from "./route-contract.ts";

export const getHealth = defineRoute({
  operationId: "getHealth",
  method: "GET",
  path: "/healthz",
  tag: "daemon",
  summary: "Check whether the process is alive",
  access: "open",
  responses: {
    200: {
      description: "The process is alive.",
      schema: z.object({ status: z.literal("ok") }).meta({ id: "Health" }),
    },
  },
  refusals: [],
});

export const getReadiness = defineRoute({
  operationId: "getReadiness",
  method: "GET",
  path: "/readyz",
  tag: "daemon",
  summary: "Check whether the daemon accepts work",
  access: "open",
  responses: {
    200: {
      description: "The daemon accepts work.",
      schema: z.object({ status: z.literal("ready") }).meta({ id: "Readiness" }),
    },
  },
  refusals: ["NOT_READY"],
});

export const getMetrics = defineRoute({
  operationId: "getMetrics",
  method: "GET",
  path: "/metrics",
  tag: "daemon",
  summary: "Get metrics for Prometheus",
  access: "read",
  responses: {
    200: {
      description: "The metrics.",
      otherBodies: { "text/plain": "The metrics in Prometheus' text format." },
    },
  },
  refusals: [],
});

export const getOpenApi = defineRoute({
  operationId: "getOpenApi",
  method: "GET",
  path: "/openapi.json",
  tag: "daemon",
  summary: "Get this document",
  access: "read",
  responses: {
    200: {
      description: "The OpenAPI 3.1 document.",
      schema: z.record(z.string(), z.unknown()).meta({ id: "OpenApiDocument" }),
    },
  },
  refusals: [],
});

export const getDocs = defineRoute({
  operationId: "getDocs",
  method: "GET",
  path: "/docs",
  tag: "daemon",
  summary: "Show this document as a page",
  access: "read",
  responses: { 200: { description: "The page.", otherBodies: { "text/html": "An HTML page." } } },
  refusals: [],
});
