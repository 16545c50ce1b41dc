/** What the daemon says of itself. */
import { z } from "zod";
import { defineRoute } from "./route-contract.ts";

export const getHealth = defineRoute({
  operationId: "getHealth",
  method: "GET",
  path: "/healthz",
  tag: "daemon",
  summary: "Is the process alive?",
  access: "open",
  answers: {
    200: {
      description: "It is.",
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
  summary: "Does the daemon take work?",
  access: "open",
  answers: {
    200: {
      description: "It does.",
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
  summary: "Metrics for Prometheus",
  access: "read",
  answers: {
    200: { description: "The metrics.", otherBodies: { "text/plain": "Prometheus' text format." } },
  },
  refusals: [],
});

export const getOpenApi = defineRoute({
  operationId: "getOpenApi",
  method: "GET",
  path: "/openapi.json",
  tag: "daemon",
  summary: "This document",
  access: "read",
  browser: true,
  answers: {
    200: {
      description: "OpenAPI 3.1.",
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
  summary: "This document as a page",
  access: "read",
  browser: true,
  answers: { 200: { description: "The page.", otherBodies: { "text/html": "HTML." } } },
  refusals: [],
});
