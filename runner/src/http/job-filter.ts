import type { JobFilter } from "../ports/store/jobs.ts";
import type { JobFilterBody } from "./contract/job-filter.ts";

export function toJobFilter(body: JobFilterBody): JobFilter {
  const { status, tag, createdAfter, createdBefore, ...same } = body;
  return {
    ...same,
    ...(status === undefined ? {} : { status: [status].flat() }),
    ...(tag === undefined ? {} : { tags: [tag].flat() }),
    ...(createdAfter === undefined ? {} : { createdAfter: Date.parse(createdAfter) }),
    ...(createdBefore === undefined ? {} : { createdBefore: Date.parse(createdBefore) }),
  } as JobFilter;
}
