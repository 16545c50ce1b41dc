import { call } from "../../api/request.ts";
import { useResource } from "../../api/resource.ts";
import type { Plugin, PluginStats } from "../../api/schema.ts";
import { mayI } from "../../api/session.ts";
import { useRefresh } from "../../live/use-refresh.ts";
import { Card } from "../../parts/card.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Page } from "../../parts/page.tsx";
import { State } from "../../parts/state.tsx";
import { Table } from "../../parts/table.tsx";
import { linkTo } from "../../router.ts";
import { CodeWords } from "../run/form/code-words.tsx";
import { SetSecrets } from "./set-secrets.tsx";
import { formatMs, RunBars, RunCount, type PluginRuns } from "./runs.tsx";

interface Both {
  readonly plugins: readonly Plugin[];
  readonly stats: PluginStats;
}

export default function Plugins() {
  const both = useResource("plugins", async (signal): Promise<Both> => {
    const [{ items }, stats] = await Promise.all([
      call("GET /v1/plugins", { signal }),
      call("GET /v1/plugin-stats", { signal }),
    ]);
    return { plugins: items, stats };
  });
  useRefresh(both.refresh, ["jobs"]);
  return (
    <Page title="Plugins">
      <Loaded of={both} what="the plugins">
        {({ plugins, stats }) => {
          const broken = plugins.filter(({ status }) => status === "broken");
          const ready = plugins.filter(({ status }) => status !== "broken");
          return (
            <div class="stack">
              {broken.length > 0 && <Broken plugins={broken} />}
              <Card title="Plugins" note="runs of the last 24 hours">
                <ReadyTable plugins={ready} stats={stats} />
              </Card>
            </div>
          );
        }}
      </Loaded>
    </Page>
  );
}

/** What cannot be loaded comes first, with the file and line of its error. */
function Broken({ plugins }: { readonly plugins: readonly Plugin[] }) {
  return (
    <Card title="Broken" note="jobs that need them wait">
      <ul>
        {plugins.map(({ name, source, error }) => (
          <li key={name} class="broken">
            <div class="row-head">
              <State name="broken" />
              <a class="name" href={linkTo(["plugins", name])}>
                {name}
              </a>
              <span class="id">{source}</span>
              <SetSecrets error={error} />
            </div>
            <pre class="answer bad-text" tabIndex={0}>
              {error}
            </pre>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function ReadyTable({ plugins, stats }: { plugins: readonly Plugin[]; stats: PluginStats }) {
  const runs = new Map<string, PluginRuns>(stats.plugins.map((each) => [each.name, each]));
  if (plugins.length === 0) return <Empty title="There is no plugin that can run" />;
  return (
    <Table
      label="Plugins"
      rows={plugins}
      keyOf={({ name }) => name}
      columns={[
        {
          title: "Plugin",
          kind: "main",
          cell: ({ name, description, source, warnings }) => (
            <>
              <a class="name mono" href={linkTo(["plugins", name])}>
                {name}
              </a>
              {description !== null && (
                <span class="remark muted clamp">
                  <CodeWords text={description} />
                </span>
              )}
              {source !== "built-in" && <span class="id">{source}</span>}
              {warnings.length > 0 && <span class="remark wait-text">{warnings[0]}</span>}
            </>
          ),
        },
        {
          title: "By hour",
          kind: "wide",
          cell: ({ name }) => {
            const found = runs.get(name);
            return found === undefined ? null : <RunBars runs={found} stats={stats} />;
          },
        },
        { title: "Runs", kind: "num", cell: ({ name }) => <RunCount runs={runs.get(name)} /> },
        {
          title: "Usually",
          kind: "num wide",
          cell: ({ name }) => formatMs(runs.get(name)?.medianMs),
        },
        {
          title: "Slowest 5 %",
          kind: "num wide",
          cell: ({ name }) => formatMs(runs.get(name)?.p95Ms),
        },
        ...(mayI("run")
          ? [
              {
                title: <span class="off-screen">Run</span>,
                kind: "fit" as const,
                cell: ({ name }: Plugin) => (
                  <a
                    class="btn"
                    aria-label={`Run ${name}`}
                    href={linkTo(["run"], { plugin: name })}
                  >
                    Run
                  </a>
                ),
              },
            ]
          : []),
      ]}
    />
  );
}
