import { getDelivery, type Delivery } from "../../http/contract/deliveries.ts";
import { toDuration } from "../amounts.ts";
import type { Given } from "../command-contract.ts";
import type { showDelivery as contract } from "../contract/deliveries.ts";
import { indentJson } from "../exact-json.ts";
import { printFields } from "../fields.ts";
import { openOutput, type Output } from "../output.ts";
import { connect } from "../remote/connect.ts";
import type { Column } from "../table.ts";
import { nextTryOf, toWord } from "./delivery-columns.ts";

type Attempt = Delivery["attempts"][number];

export async function showDelivery(given: Given<typeof contract>): Promise<number> {
  const { flags } = given;
  const client = await connect(given);
  const output = openOutput(flags);
  const answer = await client.call(getDelivery, { params: { id: given.arguments.DELIVERY } });
  if (flags.json) {
    output.print(await indentJson(answer.text));
    return 0;
  }
  const delivery = answer.body();
  printFields(
    [
      ["Delivery", delivery.deliveryId],
      ["State", toWord(delivery.state), delivery.state],
      ["Reason", delivery.reason, delivery.state],
      ["Waits for", waitsFor(delivery), delivery.state],
      ["Next try", output.time(nextTryOf(delivery))],
      ["Event", `${delivery.event}, number ${delivery.sequence} (${delivery.eventId})`],
      ["Job", delivery.jobId],
      ["Batch", delivery.batchId],
      ["Webhook", delivery.webhookId],
      ["URL", delivery.url],
      ["Created", output.time(delivery.createdAt)],
      ["Ended", output.time(delivery.endedAt)],
    ],
    output,
  );
  if (delivery.attempts.length > 0) {
    output.print(`\n${output.paint("bold", "Attempts")}`);
    output.printTable(attemptColumns(output), delivery.attempts);
  }
  return 0;
}

function waitsFor({ state, waitingFor }: Delivery): string | null {
  if (waitingFor !== null) return waitingFor.detail;
  return state === "waiting" ? "An earlier event of the job is not delivered yet." : null;
}

function attemptColumns(output: Output): readonly Column<Attempt>[] {
  return [
    { title: "#", text: ({ number }) => String(number) },
    { title: "AT", text: ({ at }) => output.time(at) },
    { title: "TOOK", text: ({ durationMs }) => toDuration(durationMs) },
    {
      title: "STATUS",
      text: ({ status }) => String(status ?? ""),
      color: ({ status }) => (status !== null && status < 300 ? "green" : "red"),
    },
    { title: "RESPONSE", text: ({ response }) => response ?? "", isFlexible: true },
    { title: "ERROR", text: ({ error }) => error ?? "", isFlexible: true },
  ];
}
