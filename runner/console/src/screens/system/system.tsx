import { useEffect } from "preact/hooks";
import { call } from "../../api/request.ts";
import { useResource } from "../../api/resource.ts";
import type { Status } from "../../api/schema.ts";
import { mayI } from "../../api/session.ts";
import { useLive } from "../../live/stream.ts";
import { Card } from "../../parts/card.tsx";
import { Duration } from "../../parts/duration.tsx";
import { Fact, Facts } from "../../parts/facts.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { formatBytes, formatCount } from "../../parts/numbers.ts";
import { Page } from "../../parts/page.tsx";
import { Time } from "../../parts/time.tsx";
import { apiUrl } from "../../api/request.ts";
import { Daemons } from "./daemons.tsx";
import { Gauge } from "./gauge.tsx";
import { Settings } from "./settings.tsx";
import { Tokens } from "./tokens.tsx";

const RELOAD_MS = 5_000;

export default function System() {
  const status = useResource("status", (signal) => call("GET /v1/status", { signal }));
  useLive({ missed: () => void status.refresh() });
  // Memory and disk change without an event.
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) void status.refresh();
    }, RELOAD_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <Page title="System">
      <div class="stack">
        <Loaded of={status} what="the daemon's state">
          {(data) => <Now status={data} />}
        </Loaded>
        {mayI("admin") && (
          <>
            <Tokens />
            <Settings />
          </>
        )}
        <Card title="For programs">
          <ul class="links">
            <li>
              <a class="link" href={apiUrl("/docs")}>
                API documentation
              </a>
            </li>
            <li>
              <a class="link" href={apiUrl("/openapi.json")}>
                OpenAPI document
              </a>
            </li>
            <li>
              <a class="link" href={apiUrl("/metrics")}>
                Metrics for Prometheus
              </a>
            </li>
          </ul>
        </Card>
      </div>
    </Page>
  );
}

/** The limits, as someone would say them. More may be added. */
const LIMITS: Readonly<Record<string, string>> = {
  queue: "Queued jobs",
  webhooks: "Webhooks",
  deliveries: "Deliveries in flight",
  requests: "Requests in flight",
  waits: "Waiting requests",
  streams: "Event streams",
};

function Now({ status }: { readonly status: Status }) {
  const { threads, memory, database, disk, limits } = status;
  const own = status.daemons.find(({ isThis }) => isThis);
  return (
    <>
      <Card title="Daemon">
        <Facts>
          <Fact name="Version">{status.version}</Fact>
          {own !== undefined && (
            <Fact name="Machine">
              <span class="break">{own.host}</span>, process {own.processId}
            </Fact>
          )}
          <Fact name="Started">
            <Time at={status.startedAt} />
          </Fact>
          <Fact name="Runs for">
            <Duration from={status.startedAt} to={null} />
          </Fact>
          <Fact name="Its clock">
            <Time at={status.now} format="full" />
          </Fact>
        </Facts>
      </Card>
      {status.daemons.length > 1 && <Daemons daemons={status.daemons} />}
      <Card title="In use">
        <div class="gauges">
          <Gauge name="Threads" used={threads.busy} max={threads.total} isFine />
          <Gauge
            name="Memory for plugins"
            used={memory.executorBytes}
            max={memory.executorLimitBytes}
            format={formatBytes}
          />
          <Gauge
            name="Memory of the daemon"
            used={memory.daemonBytes}
            max={null}
            format={formatBytes}
          />
          <Gauge
            name="Database"
            used={database.bytes}
            max={null}
            format={formatBytes}
            {...(database.freeBytes > 0 && {
              note: `${formatBytes(database.freeBytes)} of it free`,
            })}
          />
          {disk.freeBytes !== null && (
            <Gauge name="Disk" used={disk.freeBytes} max={null} format={formatBytes} note="free" />
          )}
        </div>
      </Card>
      <Card title="Limits" note="what is over a limit is refused, and can be sent again">
        <div class="gauges">
          {limits.map(({ name, used, max }) => (
            <Gauge
              key={name}
              name={LIMITS[name] ?? name}
              used={used}
              max={max}
              format={formatCount}
            />
          ))}
        </div>
      </Card>
    </>
  );
}
