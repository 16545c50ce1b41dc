import { useState } from "preact/hooks";
import { call } from "../../api/request.ts";
import type { Secret } from "../../api/schema.ts";
import { confirmAct } from "../../parts/confirm.tsx";
import { Empty } from "../../parts/empty.tsx";
import { State } from "../../parts/state.tsx";
import { Table } from "../../parts/table.tsx";
import { Time } from "../../parts/time.tsx";
import { announce, announceFailure } from "../../parts/toasts.tsx";
import { linkTo } from "../../router.ts";
import { SetSecret } from "./set-secret.tsx";
import { describeWaiting, type WaitingJobs } from "./waiting-jobs.ts";

interface SecretTableProps {
  readonly secrets: readonly Secret[];
  /** The jobs that wait, by plugin. */
  readonly waiting: ReadonlyMap<string, WaitingJobs>;
  readonly onChange: () => Promise<void>;
}

export function SecretTable({ secrets, waiting, onChange }: SecretTableProps) {
  const [setting, setSetting] = useState<Secret | null>(null);
  if (secrets.length === 0) {
    return (
      <Empty title="No plugin declares a secret, and none is set">
        <p>
          A plugin that needs a password or an API key declares its name, as in{" "}
          <code>secrets: ["API_KEY"]</code>. Its value is set here, and stored encrypted.
        </p>
      </Empty>
    );
  }
  // What someone has to do comes first.
  const rows = [
    ...secrets.filter(({ source }) => source === "missing"),
    ...secrets.filter(({ source }) => source !== "missing"),
  ];
  return (
    <>
      <Table
        label="Secrets"
        class="stacked"
        rows={rows}
        keyOf={({ name }) => name}
        columns={[
          { title: "State", kind: "fit", cell: (secret) => <SecretState secret={secret} /> },
          {
            title: "Secret",
            kind: "main",
            cell: (secret) => (
              <>
                <b class="mono">{secret.name}</b>
                <Source secret={secret} />
              </>
            ),
          },
          {
            title: "Plugins",
            kind: "chain-cell",
            cell: (secret) => <Plugins secret={secret} waiting={waiting} />,
          },
          {
            title: "Set",
            kind: "wide",
            cell: ({ updatedAt }) =>
              updatedAt !== null && (
                <span class="one-line">
                  <span class="unit">set </span>
                  <Time at={updatedAt} />
                </span>
              ),
          },
          {
            title: <span class="off-screen">Acts</span>,
            kind: "fit",
            cell: (secret) => (
              <span class="secret-acts">
                <button
                  type="button"
                  class="btn"
                  aria-label={`${secret.createdAt === null ? "Set" : "Replace"} ${secret.name}`}
                  onClick={() => setSetting(secret)}
                >
                  {secret.createdAt === null ? "Set" : "Replace"}
                </button>
                {secret.createdAt !== null && (
                  <button
                    type="button"
                    class="link"
                    aria-label={`Remove ${secret.name}`}
                    onClick={() => void remove(secret, onChange)}
                  >
                    Remove
                  </button>
                )}
              </span>
            ),
          },
        ]}
      />
      {setting !== null && (
        <SetSecret
          secret={setting}
          onClose={() => {
            setSetting(null);
            void onChange();
          }}
        />
      )}
    </>
  );
}

function SecretState({ secret: { source } }: { readonly secret: Secret }) {
  return source === "missing" ? <State name="missing" /> : <State name="ready" word="set" />;
}

/** Where this daemon takes the value from. */
function Source({ secret: { source, variable, createdAt } }: { readonly secret: Secret }) {
  if (source === "missing") return <span class="remark muted">no value is set</span>;
  if (source === "stored") return <span class="remark muted">stored, encrypted</span>;
  return (
    <span class="remark muted">
      from {variable?.endsWith("_FILE") === true ? "the file that" : "the variable"}{" "}
      <code>{variable}</code>
      {variable?.endsWith("_FILE") === true && " names"}
      {createdAt !== null && ", which precedes the stored value"}
    </span>
  );
}

function Plugins({ secret, waiting }: Pick<SecretTableProps, "waiting"> & { secret: Secret }) {
  if (secret.plugins.length === 0) return <span class="faint">no plugin declares it</span>;
  return (
    <ul class="secret-plugins">
      {secret.plugins.map((plugin) => {
        const jobs = secret.source === "missing" ? waiting.get(plugin) : undefined;
        return (
          <li key={plugin}>
            <a class="mono" href={linkTo(["plugins", plugin])}>
              {plugin}
            </a>
            {jobs !== undefined && (
              <a class="wait-text" href={linkTo(["jobs"], { status: "queued", plugin })}>
                {describeWaiting(jobs)}
              </a>
            )}
          </li>
        );
      })}
    </ul>
  );
}

async function remove({ name, ...secret }: Secret, onChange: () => Promise<void>): Promise<void> {
  const isSure = await confirmAct({
    title: `Remove the secret ${name}?`,
    text: whatFollows(secret),
    act: "Remove",
    isDangerous: true,
  });
  if (!isSure) return;
  try {
    await call("DELETE /v1/secrets/{name}", { params: { name } });
    announce(`The secret ${name} is removed.`);
  } catch (error) {
    announceFailure(error);
  }
  await onChange();
}

function whatFollows({ source, variable, plugins }: Omit<Secret, "name">): string {
  if (source === "environment") return `Plugins go on with the value of ${variable}.`;
  if (plugins.length === 0) return "No plugin declares it. Its value cannot be shown before.";
  return `Jobs of ${plugins.join(", ")} wait until it is set again. Its value cannot be shown before.`;
}
