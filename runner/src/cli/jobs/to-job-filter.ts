import { BadSetting } from "../../config.ts";
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
  | "meta"
  | "error-group"
  | "delivery-state"
  | "since"
  | "until";

/** Throws `BadSetting`. */
function parseMeta(text: string): [string, string] {
  const at = text.indexOf("=");
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw new BadSetting(
    `--meta is ${JSON.stringify(text)}: it must be a path in the metadata and a value, such as customer.id=7.`,
  );
}

/** The API's filter from the flags that were given. */
export function toJobFilter(
  flags: Pick<Given<typeof contract>["flags"], FilterFlag>,
): JobFilterBody {
  const { status, plugin, name, tag, meta, since, until } = flags;
  const { "name-prefix": namePrefix, "error-group": errorGroup } = flags;
  const { "delivery-state": deliveryState } = flags;
  return {
    ...(status.length > 0 && { status: [...status] }),
    ...(plugin !== undefined && { plugin }),
    ...(name !== undefined && { name }),
    ...(namePrefix !== undefined && { namePrefix }),
    ...(tag.length > 0 && { tag: [...tag] }),
    ...(meta.length > 0 && { meta: Object.fromEntries(meta.map(parseMeta)) }),
    ...(errorGroup !== undefined && { errorGroup }),
    ...(deliveryState !== undefined && { deliveryState }),
    ...(since !== undefined && { createdAfter: requireTime("--since", since) }),
    ...(until !== undefined && { createdBefore: requireTime("--until", until) }),
  };
}
