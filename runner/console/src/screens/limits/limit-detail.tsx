import { useState } from "preact/hooks";
import type { Limit } from "../../api/schema.ts";
import { mayI } from "../../api/session.ts";
import { formatCount } from "../../parts/numbers.ts";
import { Time } from "../../parts/time.tsx";
import { linkTo } from "../../router.ts";
import { reset, resume } from "./acts.ts";
import { PauseLimit } from "./pause-limit.tsx";
import { PauseText } from "./pause-text.tsx";

interface LimitDetailProps {
  readonly limit: Limit;
  readonly onChange: () => void;
}

/** The keys of a limit, who set other numbers, and where its jobs are. */
export function LimitDetail({ limit, onChange }: LimitDetailProps) {
  const { override, overriddenBy, overriddenAt, numbers, plugins } = limit;
  return (
    <div class="limit-detail">
      {override !== null && (
        <p>
          Other numbers than the declared ones count, set
          {overriddenBy !== null && (
            <>
              {" "}
              by <b class="break">{overriddenBy}</b>
            </>
          )}
          {overriddenAt !== null && (
            <>
              {" "}
              at <Time at={overriddenAt} />
            </>
          )}
          .{" "}
          {mayI("admin") && (
            <button
              type="button"
              class="link"
              onClick={() => void reset(limit).then((isDone) => isDone && onChange())}
            >
              Back to the declared numbers
            </button>
          )}
        </p>
      )}
      {numbers.perKey === null ? (
        <p class="muted">It counts all its jobs together: its plugins declare no key.</p>
      ) : (
        <Keys limit={limit} onChange={onChange} />
      )}
      {plugins.length > 0 && (
        <p class="limit-jobs">
          {plugins.map((plugin) => (
            <a key={plugin} href={linkTo(["jobs"], { status: "queued", plugin })}>
              Queued jobs of {plugin}
            </a>
          ))}
        </p>
      )}
    </div>
  );
}

interface KeyRow {
  readonly key: string;
  readonly queued: number;
  readonly pause: NonNullable<Limit["paused"]> | null;
}

/** Those that wait most, and then the other ones that are paused. */
function rowsOf({ waitingKeys, pausedKeys }: Limit): readonly KeyRow[] {
  const pauses = new Map(pausedKeys.map((paused) => [paused.key, paused]));
  const waiting = new Set(waitingKeys.map(({ key }) => key));
  return [
    ...waitingKeys.map(({ key, queued }) => ({ key, queued, pause: pauses.get(key) ?? null })),
    ...pausedKeys
      .filter(({ key }) => !waiting.has(key))
      .map((pause) => ({ key: pause.key, queued: 0, pause })),
  ];
}

function Keys({ limit, onChange }: LimitDetailProps) {
  const [pausing, setPausing] = useState<string | null>(null);
  const rows = rowsOf(limit);
  if (rows.length === 0) {
    const isQuiet = limit.queued === 0;
    return (
      <p class="muted">
        {isQuiet ? "No job waits, and no key is paused." : "The jobs that wait have no key."}
      </p>
    );
  }
  return (
    <>
      <h3>Keys with the most jobs that wait</h3>
      <ul class="limit-keys" aria-label={`Keys of ${limit.name}`}>
        {rows.map(({ key, queued, pause }) => (
          <li key={key}>
            <span class="key">
              {key === "" ? (
                <span class="muted">jobs without a key</span>
              ) : (
                <code class="clamp">{key}</code>
              )}
              {pause !== null && (
                <span class="wait-text small">
                  paused <PauseText pause={pause} />
                </span>
              )}
            </span>
            <span class="num">
              {formatCount(queued)} <span class="muted">waiting</span>
            </span>
            {mayI("admin") && key !== "" && (
              <button
                type="button"
                class="link"
                aria-label={`${pause === null ? "Pause" : "Resume"} the key ${key}`}
                onClick={() => {
                  if (pause === null) setPausing(key);
                  else void resume(limit.name, key).then(onChange);
                }}
              >
                {pause === null ? "Pause…" : "Resume"}
              </button>
            )}
          </li>
        ))}
      </ul>
      {pausing !== null && (
        <PauseLimit
          limit={limit}
          firstKey={pausing}
          onClose={() => {
            setPausing(null);
            onChange();
          }}
        />
      )}
    </>
  );
}
