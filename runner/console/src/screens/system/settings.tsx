import { call } from "../../api/request.ts";
import { useResource } from "../../api/resource.ts";
import { Card } from "../../parts/card.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Table } from "../../parts/table.tsx";
import { CodeWords } from "../run/form/code-words.tsx";

/** The settings that someone gave. The others have their defaults. */
export function Settings() {
  const list = useResource("settings", (signal) => call("GET /v1/settings", { signal }));
  return (
    <Card title="Settings" note="that were given; the others have their defaults">
      <Loaded of={list} what="the settings">
        {({ settings }) =>
          settings.length === 0 ? (
            <Empty title="All settings have their defaults" />
          ) : (
            <Table
              label="Settings"
              rows={settings}
              keyOf={({ name }) => name}
              columns={[
                {
                  title: "Setting",
                  kind: "main",
                  cell: ({ name, description }) => (
                    <>
                      <code>{name}</code>
                      <span class="remark muted">
                        <CodeWords text={description} />
                      </span>
                    </>
                  ),
                },
                {
                  title: "Value",
                  cell: ({ value }) =>
                    value === null ? (
                      <span class="faint">not shown</span>
                    ) : (
                      <code class="break">{value}</code>
                    ),
                },
                { title: "From", kind: "wide", cell: ({ from }) => from },
              ]}
            />
          )
        }
      </Loaded>
    </Card>
  );
}
