import type { StepRecord } from "../../../domain/transition.ts";
import { stepValues } from "../../shared/step-values.ts";
import type { Transaction } from "../transaction.ts";

const INSERT = `INSERT INTO steps (job, position, plugin, status, started_at, ended_at, failure_code,
    failure_message, metrics, output)
  SELECT * FROM unnest($1::bigint[], $2::integer[], $3::text[], $4::text[], $5::bigint[], $6::bigint[],
    $7::text[], $8::text[], $9::text[], $10::text[])`;

/** Does nothing for a transition that ends no step. */
export async function insertStep(
  tx: Transaction,
  job: number,
  step: StepRecord | undefined,
): Promise<void> {
  if (step === undefined) return;
  await tx.row(INSERT, [job, ...stepValues(step)]);
}
