import { z } from "zod";
import { MAX_BURST, parseRate, RATE_WORDS } from "../../domain/limit-rate.ts";
import { MAX_CONCURRENCY, MAX_LIMIT_QUEUED } from "../../domain/plugin-limits.ts";
import { Instant } from "./fields.ts";
import { defineRoute } from "./route-contract.ts";

/** The longest pause, in ms: a year. */
const MAX_PAUSE_MS = 366 * 24 * 60 * 60 * 1_000;

export const LimitNumbers = {
  concurrency: z
    .int()
    .nullable()
    .describe("How many steps run at the same time. Null when any number can."),
  rate: z
    .string()
    .nullable()
    .describe(
      "How many steps begin in a second, a minute or an hour, such as `10/s`. Null without a rate.",
    ),
  burst: z
    .int()
    .nullable()
    .describe("How many steps can begin at once after a quiet time. Null without a rate."),
};

export const MaxQueued = z
  .int()
  .nullable()
  .describe("How many jobs wait for the limit before more are refused. Null when any number can.");

const AllNumbers = z
  .object({
    ...LimitNumbers,
    perKey: z
      .object(LimitNumbers)
      .nullable()
      .describe("The same for the steps of jobs with one key. Null when keys do not count."),
    maxQueued: MaxQueued,
  })
  .meta({ id: "LimitNumbers", description: "What a limit allows." });

const SetNumbers = {
  concurrency: z.int().min(1).max(MAX_CONCURRENCY).optional(),
  rate: z
    .string()
    .refine((text) => parseRate(text) !== null, { message: `must be ${RATE_WORDS}` })
    .optional()
    .meta({ examples: ["10/s"] }),
  burst: z.int().min(1).max(MAX_BURST).optional(),
};

const LimitOverride = z
  .strictObject({
    ...SetNumbers,
    perKey: z.strictObject(SetNumbers).optional(),
    maxQueued: z.int().min(1).max(MAX_LIMIT_QUEUED).optional(),
  })
  .meta({
    id: "LimitOverride",
    description:
      "Numbers that count in place of those that the plugins declare. What is left out counts as it is declared.",
    examples: [{ concurrency: 2, perKey: { rate: "1/s" } }],
  });

const ShownNumbers = {
  concurrency: z.int().optional(),
  rate: z.string().optional(),
  burst: z.int().optional(),
};

const Pause = {
  since: Instant,
  until: Instant.nullable().describe("When it ends. Null: when it is resumed."),
  by: z.string().nullable().describe("The token, or the plugin, that paused it."),
};

const Limit = z
  .object({
    name: z.string(),
    plugins: z.array(z.string()).describe("The plugins of this daemon that have the limit."),
    numbers: AllNumbers.describe("What counts now."),
    declared: AllNumbers.describe("What the plugins declare."),
    override: z
      .object({
        ...ShownNumbers,
        perKey: z.object(ShownNumbers).optional(),
        maxQueued: z.int().optional(),
      })
      .nullable()
      .describe("What counts in its place. Null without any."),
    overriddenBy: z.string().nullable().describe("The name of the token that set the override."),
    overriddenAt: Instant.nullable(),
    running: z.int().describe("The jobs that have a slot, at most 1,000."),
    queued: z.int().describe("The jobs that are due and wait for one, at most 1,000."),
    paused: z.object(Pause).nullable().describe("The pause of the whole limit."),
    waitingKeys: z
      .array(z.object({ key: z.string(), queued: z.int() }))
      .describe(
        "The ten keys with the most jobs that wait. The first 1,000 are counted, in the order of their keys.",
      ),
    pausedKeys: z
      .array(z.object({ key: z.string(), ...Pause }))
      .describe("Keys that are paused, at most 100."),
  })
  .meta({ id: "Limit", description: "A limit of plugins, and how it is used." });

export type Limit = z.infer<typeof Limit>;

const NameParams = z.strictObject({
  name: z
    .string()
    .describe("The limit's name: the plugin's own, unless the plugin gives it another."),
});

const Key = z
  .string()
  .min(1)
  .max(1_000)
  .optional()
  .describe("Only the jobs with this key. Default: the whole limit.");

const PauseLimit = z
  .strictObject({
    key: Key,
    until: Instant.optional(),
    forMs: z.int().min(1).max(MAX_PAUSE_MS).optional().describe("How long, in ms."),
  })
  .refine(({ until, forMs }) => until === undefined || forMs === undefined, {
    message: "has both until and forMs: give one of them, or neither to pause until it is resumed",
  })
  .meta({ id: "PauseLimit", examples: [{ forMs: 60_000 }] });

const ResumeLimit = z.strictObject({ key: Key }).meta({ id: "ResumeLimit", examples: [{}] });

const responses = { 200: { description: "The limit.", schema: Limit } };

export const listLimits = defineRoute({
  operationId: "listLimits",
  method: "GET",
  path: "/v1/limits",
  tag: "limits",
  summary: "List limits",
  access: "read",
  responses: {
    200: {
      description: "The first 1,000 limits, by name.",
      schema: z
        .object({ limits: z.array(Limit) })
        .meta({ id: "LimitList", description: "The limits of plugins." }),
    },
  },
  refusals: [],
});

export const getLimit = defineRoute({
  operationId: "getLimit",
  method: "GET",
  path: "/v1/limits/:name",
  tag: "limits",
  summary: "Get a limit",
  access: "read",
  params: NameParams,
  responses,
  refusals: ["LIMIT_NOT_FOUND"],
});

export const overrideLimit = defineRoute({
  operationId: "overrideLimit",
  method: "PUT",
  path: "/v1/limits/:name",
  tag: "limits",
  summary: "Override a limit",
  description:
    "Replaces the override there was. It holds for all daemons and over restarts, until it is removed. Jobs that run go on.",
  access: "admin",
  params: NameParams,
  body: LimitOverride,
  responses,
  refusals: ["LIMIT_NOT_FOUND"],
});

export const resetLimit = defineRoute({
  operationId: "resetLimit",
  method: "DELETE",
  path: "/v1/limits/:name",
  tag: "limits",
  summary: "Remove the override of a limit",
  description: "What the plugins declare counts again.",
  access: "admin",
  params: NameParams,
  responses,
  refusals: ["LIMIT_NOT_FOUND"],
});

export const pauseLimit = defineRoute({
  operationId: "pauseLimit",
  method: "POST",
  path: "/v1/limits/:name/pause",
  tag: "limits",
  summary: "Pause a limit",
  description:
    "No job of the limit, or of one key, begins until the pause ends. Jobs that run or have a slot go on. A new pause replaces the one before.",
  access: "admin",
  params: NameParams,
  body: PauseLimit,
  responses,
  refusals: ["LIMIT_NOT_FOUND"],
});

export const resumeLimit = defineRoute({
  operationId: "resumeLimit",
  method: "POST",
  path: "/v1/limits/:name/resume",
  tag: "limits",
  summary: "End the pause of a limit",
  description: "The pauses of its keys stay, unless one of them is named.",
  access: "admin",
  params: NameParams,
  body: ResumeLimit,
  responses,
  refusals: ["LIMIT_NOT_FOUND"],
});
