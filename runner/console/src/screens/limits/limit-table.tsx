import { useState } from "preact/hooks";
import type { Limit } from "../../api/schema.ts";
import { mayI } from "../../api/session.ts";
import { Icon } from "../../parts/icon.tsx";
import { formatCount, plural } from "../../parts/numbers.ts";
import { State } from "../../parts/state.tsx";
import { Table } from "../../parts/table.tsx";
import { linkTo, replaceWith } from "../../router.ts";
import { resume } from "./acts.ts";
import { LimitDetail } from "./limit-detail.tsx";
import { Rates, Running } from "./number-cells.tsx";
import { countText } from "./numbers-text.ts";
import { PauseLimit } from "./pause-limit.tsx";
import { PauseText } from "./pause-text.tsx";
import { SetNumbers } from "./set-numbers.tsx";

interface LimitTableProps {
  readonly limits: readonly Limit[];
  /** The name of the limit whose keys are shown. */
  readonly open: string | null;
  readonly onChange: () => void;
}

interface Asked {
  readonly limit: Limit;
  readonly act: "pause" | "numbers";
}

export function LimitTable({ limits, open, onChange }: LimitTableProps) {
  const [asked, setAsked] = useState<Asked | null>(null);
  const close = (): void => {
    setAsked(null);
    onChange();
  };
  return (
    <>
      <Table
        label="Limits"
        class="stacked limits-table"
        rows={limits}
        keyOf={({ name }) => name}
        detail={(limit) => limit.name === open && <LimitDetail limit={limit} onChange={onChange} />}
        columns={[
          { title: "State", kind: "fit", cell: (limit) => <LimitState limit={limit} /> },
          {
            title: "Limit",
            kind: "main",
            cell: (limit) => <LimitName limit={limit} isOpen={limit.name === open} />,
          },
          { title: "Running", cell: (limit) => <Running limit={limit} /> },
          { title: "Rate", cell: (limit) => <Rates limit={limit} /> },
          {
            title: "Waiting",
            kind: "num",
            cell: ({ queued, numbers: { maxQueued } }) => (
              <span class={queued === 0 ? "faint" : ""}>
                {countText(queued)}
                {maxQueued !== null && <span class="muted"> of {formatCount(maxQueued)}</span>}
                <span class="unit"> waiting</span>
              </span>
            ),
          },
          ...(mayI("admin")
            ? [
                {
                  title: <span class="off-screen">Acts</span>,
                  kind: "fit" as const,
                  cell: (limit: Limit) => (
                    <LimitActs
                      limit={limit}
                      onAsk={(act) => setAsked({ limit, act })}
                      onChange={onChange}
                    />
                  ),
                },
              ]
            : []),
        ]}
      />
      {asked?.act === "pause" && <PauseLimit limit={asked.limit} onClose={close} />}
      {asked?.act === "numbers" && <SetNumbers limit={asked.limit} onClose={close} />}
    </>
  );
}

function LimitState({ limit: { paused, queued, running } }: { readonly limit: Limit }) {
  if (paused !== null) return <State name="paused" />;
  if (queued > 0) return <State name="waiting" word="jobs wait" />;
  return running > 0 ? (
    <State name="running" word="in use" />
  ) : (
    <State name="skipped" word="idle" />
  );
}

function LimitName({ limit, isOpen }: { readonly limit: Limit; readonly isOpen: boolean }) {
  const { name, plugins, paused, pausedKeys } = limit;
  return (
    <>
      <button
        type="button"
        class="open-limit"
        aria-expanded={isOpen}
        onClick={() => replaceWith(linkTo(["limits"], { name: isOpen ? null : name }))}
      >
        <Icon name="next" />
        <span class="name">{name}</span>
      </button>
      <span class="remark muted">
        {plugins.length === 0
          ? "no plugin of this daemon has it"
          : plugins.map((plugin, index) => (
              <span key={plugin}>
                {index > 0 && ", "}
                <a class="mono" href={linkTo(["plugins", plugin])}>
                  {plugin}
                </a>
              </span>
            ))}
      </span>
      {paused !== null && (
        <span class="remark wait-text">
          paused <PauseText pause={paused} />
        </span>
      )}
      {pausedKeys.length > 0 && (
        <span class="remark wait-text">
          {plural(pausedKeys.length, "key is paused", "keys are paused")}
        </span>
      )}
    </>
  );
}

interface LimitActsProps {
  readonly limit: Limit;
  readonly onAsk: (act: Asked["act"]) => void;
  readonly onChange: () => void;
}

function LimitActs({ limit, onAsk, onChange }: LimitActsProps) {
  const { name, paused } = limit;
  return (
    <span class="limit-acts">
      <button
        type="button"
        class="link"
        aria-label={`Set other numbers for ${name}`}
        onClick={() => onAsk("numbers")}
      >
        Numbers…
      </button>
      {paused === null ? (
        <button
          type="button"
          class="btn"
          aria-label={`Pause ${name}`}
          onClick={() => onAsk("pause")}
        >
          Pause…
        </button>
      ) : (
        <button
          type="button"
          class="btn"
          aria-label={`Resume ${name}`}
          onClick={() => void resume(name, null).then(onChange)}
        >
          Resume
        </button>
      )}
    </span>
  );
}
