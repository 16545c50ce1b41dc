import type { ErrorGroup } from "../../api/schema.ts";
import { call } from "../../api/request.ts";
import { useResource } from "../../api/resource.ts";
import { mayI } from "../../api/session.ts";
import { startBulk } from "../../jobs/bulk.ts";
import { useLive } from "../../live/stream.ts";
import { Card } from "../../parts/card.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { formatCount } from "../../parts/numbers.ts";
import { Time } from "../../parts/time.tsx";
import { linkTo } from "../../router.ts";

const DAY_MS = 86_400_000;

/** Failures with the same cause are one entry: a list of work, not a log. */
export function Failures() {
  const groups = useResource("day", async (signal) => {
    const since = new Date(Date.now() - DAY_MS).toISOString();
    return (await call("GET /v1/error-groups", { query: { since }, signal })).groups;
  });
  useLive({
    jobs: (changed) => {
      if (changed.some(({ status }) => status === "failed")) void groups.refresh();
    },
    missed: () => void groups.refresh(),
  });
  return (
    <Card title="What fails" note="24 h">
      <Loaded of={groups} what="failures">
        {(all) =>
          all.length === 0 ? (
            <Empty title="Nothing has failed" />
          ) : (
            <ul>
              {all.map((group) => (
                <Group key={group.id} group={group} />
              ))}
            </ul>
          )
        }
      </Loaded>
    </Card>
  );
}

function Group({ group }: { readonly group: ErrorGroup }) {
  const { id, plugin, code, message, count, more, firstSeenAt, lastSeenAt } = group;
  return (
    <li class="group">
      <div class="h">
        <span class="mono">{plugin}</span>
        <b>{more ? `${formatCount(count)}+` : formatCount(count)}</b>
      </div>
      <a class="e" href={linkTo(["jobs"], { errorGroup: id })} title={`${code}: ${message}`}>
        {message}
      </a>
      <div class="f">
        <span>
          first <Time at={firstSeenAt} />, last <Time at={lastSeenAt} />
        </span>
        {mayI("run") && (
          <button
            type="button"
            class="link"
            onClick={() =>
              void startBulk("retry", { filter: { errorGroup: id, status: ["failed"] } })
            }
          >
            Retry all
          </button>
        )}
      </div>
    </li>
  );
}
