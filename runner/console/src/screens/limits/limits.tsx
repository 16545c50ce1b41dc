import { useEffect } from "preact/hooks";
import { call } from "../../api/request.ts";
import { useResource } from "../../api/resource.ts";
import { useRefresh } from "../../live/use-refresh.ts";
import { Card } from "../../parts/card.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Page } from "../../parts/page.tsx";
import { place } from "../../router.ts";
import { LimitTable } from "./limit-table.tsx";

/** How many jobs of plugins run at the same time and how often one begins. `?name=` opens one. */
export default function Limits() {
  const all = useResource("limits", (signal) => call("GET /v1/limits", { signal }));
  useRefresh(all.refresh, ["jobs"]);
  const open = place.value.query.get("name");
  const isReady = all.loaded.value.state === "ready";
  useEffect(() => {
    if (open !== null) document.querySelector("tr.detail")?.scrollIntoView({ block: "nearest" });
  }, [isReady]);
  return (
    <Page title="Limits">
      <Card title="Limits of plugins" note="for all daemons together">
        <Loaded of={all} what="the limits">
          {({ limits }) =>
            limits.length === 0 ? (
              <NoLimits />
            ) : (
              <LimitTable limits={limits} open={open} onChange={() => void all.refresh()} />
            )
          }
        </Loaded>
      </Card>
    </Page>
  );
}

const EXAMPLE = `limits: {
  concurrency: 10, rate: "100/m",
},`;

function NoLimits() {
  return (
    <Empty title="No plugin declares a limit">
      <p>
        A limit keeps a plugin from calling a service too often, or too many times at once: jobs
        beyond it wait in the queue. A plugin declares it in <code>definePlugin</code>:
      </p>
      <pre class="answer example" tabIndex={0} aria-label="How a plugin declares a limit">
        {EXAMPLE}
      </pre>
    </Empty>
  );
}
