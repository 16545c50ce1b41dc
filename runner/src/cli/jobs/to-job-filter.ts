import type { JobFilterBody } from "../../http/contract/job-filter.ts";
import type { Given } from "../command-contract.ts";
import type { listJobs as contract } from "../contract/jobs.ts";
import { requireTime } from "../require-time.ts";

type FilterFlag =
  | "status"
  | "plugin"
  | "name"
  | "name-prefix"
  | "tag"
  | "error-group"
  | "since"
  | "until";

/** The API's filter from the flags that were given. */
export function toJobFilter(
  flags: Pick<Given<typeof contract>["flags"], FilterFlag>,
): JobFilterBody {
  const { status, plugin, name, tag, since, until } = flags;
  const { "name-prefix": namePrefix, "error-group": errorGroup } = flags;
  return {
    ...(status.length > 0 && { status: [...status] }),
    ...(plugin !== undefined && { plugin }),
    ...(name !== undefined && { name }),
    ...(namePrefix !== undefined && { namePrefix }),
    ...(tag.length > 0 && { tag: [...tag] }),
    ...(errorGroup !== undefined && { errorGroup }),
    ...(since !== undefined && { createdAfter: requireTime("--since", since) }),
    ...(until !== undefined && { createdBefore: requireTime("--until", until) }),
  };
}
