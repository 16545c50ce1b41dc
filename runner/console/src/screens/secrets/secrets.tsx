import { useState } from "preact/hooks";
import { call } from "../../api/request.ts";
import { useResource } from "../../api/resource.ts";
import { mayI } from "../../api/session.ts";
import { useRefresh } from "../../live/use-refresh.ts";
import { Card } from "../../parts/card.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Page } from "../../parts/page.tsx";
import { Search } from "../../shell/search.tsx";
import { SecretTable } from "./secret-table.tsx";
import { SetSecret } from "./set-secret.tsx";
import { countWaiting } from "./waiting-jobs.ts";

/** The secrets that plugins declare, and those that were set. Nobody can read their values. */
export default function Secrets() {
  if (mayI("admin")) return <SecretList />;
  return (
    <Page title="Secrets">
      <Empty title="Your token cannot see secrets">
        <p>To set secrets of plugins, log in with a token that has the scope “admin”.</p>
      </Empty>
    </Page>
  );
}

function SecretList() {
  const [isAdding, setAdding] = useState(false);
  const all = useResource("secrets", async (signal) => {
    const { secrets } = await call("GET /v1/secrets", { signal });
    const missing = secrets.filter(({ source }) => source === "missing");
    const plugins = new Set(missing.flatMap((secret) => secret.plugins));
    return { secrets, waiting: await countWaiting([...plugins], signal) };
  });
  useRefresh(all.refresh, ["jobs"]);
  return (
    <Page
      title="Secrets"
      acts={
        <>
          <Search />
          <button type="button" class="btn primary" onClick={() => setAdding(true)}>
            Set a secret
          </button>
        </>
      }
    >
      <Card title="Secrets of plugins" note="their values are never shown">
        <Loaded of={all} what="the secrets">
          {(data) => <SecretTable {...data} onChange={all.refresh} />}
        </Loaded>
      </Card>
      {isAdding && (
        <SetSecret
          secret={null}
          onClose={() => {
            setAdding(false);
            void all.refresh();
          }}
        />
      )}
    </Page>
  );
}
