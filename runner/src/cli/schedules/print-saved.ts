import type { Schedule } from "../../http/contract/schedule.ts";
import { listNextSlots } from "../../http/contract/schedules.ts";
import { indentJson } from "../exact-json.ts";
import { openOutput } from "../output.ts";
import type { Answer, Client } from "../remote/client.ts";

/** Prints the key of a schedule that was created or changed, and when its next slot is. */
export async function printSaved(
  answer: Answer<Schedule>,
  { client, flags }: { readonly client: Client; readonly flags: { readonly json: boolean } },
): Promise<number> {
  const output = openOutput();
  if (flags.json) {
    output.print(await indentJson(answer.text));
    return 0;
  }
  const { key } = answer.body();
  const next = await client.call(listNextSlots, { params: { key }, query: { n: 1 } });
  output.print(key);
  const [slot] = next.body().items;
  if (slot !== undefined) output.note(`Its next slot is ${slot.local}.`);
  return 0;
}
