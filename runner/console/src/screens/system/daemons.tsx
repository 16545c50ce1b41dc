import type { Status } from "../../api/schema.ts";
import { Card } from "../../parts/card.tsx";
import { Table } from "../../parts/table.tsx";
import { Time } from "../../parts/time.tsx";

/** The daemons that share the database. */
export function Daemons({ daemons }: Pick<Status, "daemons">) {
  return (
    <Card title="Daemons" note="that share the database">
      <Table
        label="Daemons"
        rows={daemons}
        keyOf={({ host, processId }) => `${host} ${processId}`}
        columns={[
          {
            title: "Machine",
            kind: "main",
            cell: ({ host, processId, isThis }) => (
              <>
                <b class="break">{host}</b>
                <span class="remark muted">
                  process {processId}
                  {isThis ? ", which answers you" : ""}
                </span>
              </>
            ),
          },
          {
            title: "State",
            cell: ({ isUp }) => (isUp ? "up" : <span class="bad-text">silent</span>),
          },
          { title: "Version", cell: ({ version }) => version },
          { title: "Threads", kind: "num wide", cell: ({ threads }) => threads },
          { title: "Plugins", kind: "num wide", cell: ({ plugins }) => plugins.length },
          { title: "Started", kind: "wide", cell: ({ startedAt }) => <Time at={startedAt} /> },
        ]}
      />
    </Card>
  );
}
