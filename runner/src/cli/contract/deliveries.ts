import { DELIVERY_STATES } from "../../domain/delivery.ts";
import { defineCommand } from "../command-contract.ts";
import { ACTING, LIMIT, SHOWING, SINCE_HELP } from "./remote-flags.ts";

export const listDeliveries = defineCommand({
  topic: "remote",
  summary: "Lists deliveries of events to webhooks, newest first.",
  flags: {
    state: {
      value: "STATE",
      choices: DELIVERY_STATES,
      description:
        "Only deliveries in this state. `waiting`: an earlier event of the job is not delivered yet. `due`: it is sent now or again later. `dead`: it was given up.",
    },
    job: { value: "JOB", description: "Only deliveries of this job's events." },
    batch: { value: "BATCH", description: "Only the delivery of this batch's callback." },
    webhook: { value: "WEBHOOK", description: "Only deliveries to this webhook." },
    ...LIMIT,
    ...SHOWING,
  },
  examples: [
    { command: "deliveries list --state dead", does: "What was given up." },
    {
      command: "deliveries list --job job_01k9zr0000000000000000000",
      does: "Whether a job's events arrived.",
    },
  ],
});

export const showDelivery = defineCommand({
  topic: "remote",
  summary: "Shows a delivery with every attempt and its response.",
  arguments: { DELIVERY: { what: "a delivery's id" } },
  flags: SHOWING,
  examples: [{ command: "deliveries show dlv_4711", does: "Why the event did not arrive." }],
});

export const redeliver = defineCommand({
  topic: "remote",
  summary: "Sends deliveries again.",
  description:
    "A delivery that was delivered or given up gets one more attempt. One that waits for a retry is sent now.",
  arguments: { DELIVERY: { what: "a delivery's id", repeats: true } },
  flags: ACTING,
  examples: [{ command: "deliveries redeliver dlv_4711", does: "Sends the event again." }],
});

export const listDestinations = defineCommand({
  topic: "remote",
  summary: "Lists destinations, with what holds them up.",
  description:
    "A destination is what shares a rate limit, a pause and a circuit: a persistent webhook, or the origin of webhooks given with jobs.",
  flags: { ...LIMIT, ...SHOWING },
  examples: [
    { command: "destinations", does: "Which endpoints do not respond, and their backlogs." },
  ],
});

export const recoverDestination = defineCommand({
  topic: "remote",
  summary: "Sends a destination's failed deliveries again.",
  arguments: { DESTINATION: { what: "a destination's id" } },
  flags: {
    since: {
      value: "TIME",
      isRequired: true,
      description: `Recovers events since then: ${SINCE_HELP}.`,
    },
    ...ACTING,
  },
  examples: [
    { command: "destinations recover dst_7 --since 2h", does: "After an outage of two hours." },
  ],
});
