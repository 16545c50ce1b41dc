/** Outputs with a link in each reference to one of their job's files. The store keeps them without. */
import { mentionsFiles } from "../../domain/file.ts";
import type { JsonText } from "../../domain/json-text.ts";
import { linkReferences } from "../../domain/link-references.ts";
import type { StoredBatch } from "../../ports/store/batches.ts";
import type { StoredJob } from "../../ports/store/jobs.ts";
import type { Store } from "../../ports/store/store.ts";
import type { FileLinks } from "./file-links.ts";

export interface LinkedOutputs {
  output(jobId: string, output: JsonText): Promise<JsonText>;
  job(job: StoredJob): Promise<StoredJob>;
  batch(batch: StoredBatch): Promise<StoredBatch>;
}

export function createLinkedOutputs({
  store,
  links,
}: {
  readonly store: Pick<Store, "filesOfJob">;
  readonly links: Pick<FileLinks, "url">;
}): LinkedOutputs {
  /** Returns the outputs of one job. Reads its files only if one of them refers to files. */
  async function link<T extends { readonly output: JsonText | null }>(
    jobId: string,
    parts: readonly T[],
  ): Promise<readonly T[]> {
    if (!parts.some(({ output }) => output !== null && mentionsFiles(output))) return parts;
    const files = new Set((await store.filesOfJob(jobId)).map(({ id }) => id));
    const toUrl = (id: string): string | null => (files.has(id) ? links.url(id) : null);
    return parts.map((part) =>
      part.output === null ? part : { ...part, output: linkReferences(part.output, toUrl) },
    );
  }

  return {
    async output(jobId, output) {
      const [linked] = await link(jobId, [{ output }]);
      return linked?.output ?? output;
    },
    job: async (job) => ({ ...job, steps: await link(job.spec.id, job.steps) }),
    async batch(batch) {
      const jobs = [];
      for (const job of batch.jobs) jobs.push(...(await link(job.jobId, [job])));
      return { ...batch, jobs };
    },
  };
}
