import type { BulkAct } from "../../http/contract/bulk-acts.ts";
import { printFields } from "../fields.ts";
import type { Output } from "../output.ts";

export function printBulkAct(act: BulkAct, output: Output): void {
  printFields(
    [
      ["Bulk act", act.id],
      ["Act", act.dryRun ? `${act.act} (dry run)` : act.act],
      ["State", act.state, act.state],
      ["Jobs", describeCounts(act)],
      ["Token", act.token],
      ["Started", output.time(act.createdAt)],
      ["Ended", output.time(act.endedAt)],
    ],
    output,
  );
  if (act.errors.length === 0) return;
  output.print(`\n${output.paint("bold", "Not done, the first of them")}`);
  output.printTable(
    [
      { title: "JOB", text: ({ jobId }) => jobId },
      { title: "CODE", text: ({ code }) => code },
      { title: "REASON", text: ({ message }) => message, isFlexible: true },
    ],
    act.errors,
  );
}

export function describeCounts({ dryRun, matched, done, skipped, failed }: BulkAct): string {
  if (dryRun) return `${matched} match`;
  const others = [
    skipped === 0 ? "" : `, ${skipped} skipped`,
    failed === 0 ? "" : `, ${failed} failed`,
  ];
  return `${done} of ${matched} done${others.join("")}`;
}
