import { stringifyExact } from "../../api/exact-json.ts";
import { call } from "../../api/request.ts";
import { useResource } from "../../api/resource.ts";
import type { JobList, Plugin, PluginStats } from "../../api/schema.ts";
import { mayI } from "../../api/session.ts";
import { JobTable } from "../../jobs/job-table.tsx";
import { useRefresh } from "../../live/use-refresh.ts";
import { Card } from "../../parts/card.tsx";
import { formatDuration } from "../../parts/duration-text.ts";
import { Empty } from "../../parts/empty.tsx";
import { Fact, Facts } from "../../parts/facts.tsx";
import { JsonView } from "../../parts/json-view.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Page } from "../../parts/page.tsx";
import { State } from "../../parts/state.tsx";
import { linkTo } from "../../router.ts";
import type { ScreenProps } from "../../screen.ts";
import { CodeWords } from "../run/form/code-words.tsx";
import { LimitFact } from "./limit-fact.tsx";
import { formatMs, RunBars, RunCount } from "./runs.tsx";
import { SchemaView } from "./schema-view.tsx";
import { SetSecrets } from "./set-secrets.tsx";

const SHOWN_JOBS = 5;
const WEEK_HOURS = 7 * 24;

interface About {
  readonly plugin: Plugin;
  readonly stats: PluginStats;
  readonly jobs: JobList;
}

/** One plugin: what it does, what it takes and gives, how it has run. */
export default function OnePlugin({ id: name }: ScreenProps) {
  const about = useResource(name, async (signal): Promise<About> => {
    const [plugin, stats, jobs] = await Promise.all([
      call("GET /v1/plugins/{name}", { params: { name }, signal }),
      call("GET /v1/plugin-stats", { query: { hours: WEEK_HOURS }, signal }),
      call("GET /v1/jobs", { query: { plugin: name, limit: SHOWN_JOBS }, signal }),
    ]);
    return { plugin, stats, jobs };
  });
  useRefresh(about.refresh, ["jobs"]);
  const now = about.loaded.value;
  const plugin = now.state === "ready" ? now.data.plugin : null;
  return (
    <Page
      title={name}
      within={["Plugins", "plugins"]}
      mark={plugin !== null && <State name={plugin.status} />}
      acts={
        plugin !== null && plugin.status !== "broken" && mayI("run") ? (
          <a class="btn primary" href={linkTo(["run"], { plugin: name })}>
            Run
          </a>
        ) : (
          <></>
        )
      }
    >
      <Loaded of={about} what="the plugin">
        {(data) => <Content {...data} />}
      </Loaded>
    </Page>
  );
}

function Content({ plugin, stats, jobs }: About) {
  const { description, error, source, version, timeoutMs, warnings, example } = plugin;
  const { secrets, env } = plugin;
  const runs = stats.plugins.find(({ name }) => name === plugin.name);
  return (
    <div class="stack">
      {error !== null && (
        <div class="notice refusal">
          <p>This plugin cannot be loaded. Jobs that need it wait, and fail after some time.</p>
          <pre class="answer" tabIndex={0}>
            {error}
          </pre>
          <SetSecrets error={error} />
        </div>
      )}
      {warnings.map((warning) => (
        <p key={warning} class="notice wait">
          {warning}
        </p>
      ))}
      {description !== null && (
        <p class="lead">
          <CodeWords text={description} />
        </p>
      )}
      <Card title="Runs" note="of the last 7 days">
        {runs === undefined ? (
          <Empty title="It has not run in this time" />
        ) : (
          <div class="body">
            <RunBars runs={runs} stats={stats} />
          </div>
        )}
        <Facts>
          <Fact name="Runs">
            <RunCount runs={runs} />
          </Fact>
          <Fact name="Usually takes">{formatMs(runs?.medianMs)}</Fact>
          <Fact name="Slowest 5 %">{formatMs(runs?.p95Ms)}</Fact>
          <Fact name="Source">
            <span class="mono">{source}</span>
          </Fact>
          <LimitFact limits={plugin.limits} />
          {secrets.length > 0 && (
            <Fact name="Secrets">
              {mayI("admin") ? (
                <a class="mono" href={linkTo(["secrets"])}>
                  {secrets.join(", ")}
                </a>
              ) : (
                <span class="mono">{secrets.join(", ")}</span>
              )}
            </Fact>
          )}
          {env.length > 0 && (
            <Fact name="Environment">
              <span class="mono">{env.join(", ")}</span>
            </Fact>
          )}
          {version !== null && <Fact name="Version">{version}</Fact>}
          <Fact name="Time limit">
            {timeoutMs === null ? "the daemon's" : formatDuration(timeoutMs)}
          </Fact>
        </Facts>
      </Card>
      {jobs.items.length > 0 && (
        <Card
          title="Newest jobs"
          acts={
            <a class="link" href={linkTo(["jobs"], { plugin: plugin.name })}>
              All
            </a>
          }
        >
          <JobTable rows={jobs.items} />
        </Card>
      )}
      {plugin.status === "ready" && (
        <>
          <SchemaView title="Input" schema={plugin.inputSchema} />
          {plugin.optionsSchema !== null && (
            <SchemaView title="Options" schema={plugin.optionsSchema} />
          )}
          {plugin.outputSchema !== null && (
            <SchemaView title="Output" schema={plugin.outputSchema} />
          )}
          {example !== null && (
            <Card title="Example">
              <JsonView text={stringifyExact(example)} />
            </Card>
          )}
        </>
      )}
    </div>
  );
}
