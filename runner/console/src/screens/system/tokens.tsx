import { useState } from "preact/hooks";
import { call } from "../../api/request.ts";
import { useResource } from "../../api/resource.ts";
import type { Token } from "../../api/schema.ts";
import { session } from "../../api/session.ts";
import { Card } from "../../parts/card.tsx";
import { confirmAct } from "../../parts/confirm.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Table } from "../../parts/table.tsx";
import { Time } from "../../parts/time.tsx";
import { announce, announceFailure } from "../../parts/toasts.tsx";
import { AddToken } from "./add-token.tsx";
import { SCOPES } from "./scopes.ts";

/** The tokens of programs and people, besides the daemon's own. */
export function Tokens() {
  const list = useResource("tokens", (signal) => call("GET /v1/tokens", { signal }));
  const [isAdding, setAdding] = useState(false);

  const remove = async ({ name }: Token): Promise<void> => {
    const isOwn = session.value?.name === name;
    const isSure = await confirmAct({
      title: `Remove the token ${name}?`,
      text: isOwn
        ? "You are logged in with it: you will be logged out. Programs that use it are refused at once."
        : "Programs that use it are refused at once, and people who logged in with it are logged out.",
      act: "Remove",
      isDangerous: true,
    });
    if (!isSure) return;
    try {
      await call("DELETE /v1/tokens/{name}", { params: { name } });
      announce(`The token ${name} is removed.`);
      await list.refresh();
    } catch (error) {
      announceFailure(error);
    }
  };

  return (
    <Card
      title="Tokens"
      note="besides the daemon's own"
      acts={
        <button type="button" class="btn" onClick={() => setAdding(true)}>
          Add a token
        </button>
      }
    >
      <Loaded of={list} what="the tokens">
        {({ tokens }) =>
          tokens.length === 0 ? (
            <Empty title="No token was added">
              <p>Give each program and person a token of its own, with what it may do.</p>
            </Empty>
          ) : (
            <Table
              label="Tokens"
              rows={tokens}
              keyOf={({ name }) => name}
              columns={[
                { title: "Name", kind: "main", cell: ({ name }) => <b class="break">{name}</b> },
                {
                  title: "Can",
                  cell: ({ scope }) => (
                    <>
                      {scope}
                      <span class="remark muted">{SCOPES[scope]}</span>
                    </>
                  ),
                },
                { title: "Added", kind: "wide", cell: ({ createdAt }) => <Time at={createdAt} /> },
                {
                  title: <span class="off-screen">Remove</span>,
                  kind: "fit",
                  cell: (token) => (
                    <button
                      type="button"
                      class="link"
                      aria-label={`Remove ${token.name}`}
                      onClick={() => void remove(token)}
                    >
                      Remove
                    </button>
                  ),
                },
              ]}
            />
          )
        }
      </Loaded>
      {isAdding && (
        <AddToken
          onClose={() => {
            setAdding(false);
            void list.refresh();
          }}
        />
      )}
    </Card>
  );
}
