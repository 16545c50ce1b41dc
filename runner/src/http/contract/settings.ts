import { z } from "zod";
import { defineRoute } from "./route-contract.ts";

const Setting = z.object({
  name: z.string().describe("Name of the environment variable."),
  value: z.string().nullable().describe("The value as it was given. Null for a secret."),
  from: z.enum(["environment", "flag"]).describe("Where the value comes from."),
  description: z.string(),
});

export const Settings = z.object({ settings: z.array(Setting) }).meta({
  id: "Settings",
  description: "The settings that differ from their defaults.",
  examples: [
    {
      settings: [
        {
          name: "PLAYGROUND_THREADS",
          value: "4",
          from: "environment",
          description: "How many plugins can run at the same time.",
        },
      ],
    },
  ],
});

export type Settings = z.infer<typeof Settings>;

export const getSettings = defineRoute({
  operationId: "getSettings",
  method: "GET",
  path: "/v1/settings",
  tag: "daemon",
  summary: "List the settings that were given",
  description: "The others have their defaults. A secret is named without its value.",
  access: "admin",
  responses: { 200: { description: "The settings.", schema: Settings } },
  refusals: [],
});
