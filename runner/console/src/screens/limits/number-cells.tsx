/** The cells that say what a limit allows, with the declared number beside one that counts in its place. */
import type { Limit } from "../../api/schema.ts";
import { formatCount } from "../../parts/numbers.ts";
import { countText, numbersText, rateText } from "./numbers-text.ts";

type Cell = { readonly limit: Limit };

export function Running({ limit: { name, running, numbers, declared } }: Cell) {
  const { concurrency } = numbers;
  return (
    <div class="running">
      {countText(running)}
      {concurrency !== null && <span class="muted"> of {formatCount(concurrency)}</span>}
      <span class="unit"> running</span>
      {concurrency !== null && (
        <meter
          value={Math.min(1, running / concurrency)}
          aria-label={`${running} of ${concurrency} steps of ${name} run`}
        />
      )}
      <Declared
        now={concurrency === null ? null : formatCount(concurrency)}
        declared={declared.concurrency === null ? null : formatCount(declared.concurrency)}
      />
    </div>
  );
}

/** How often steps begin, and what counts for each key. */
export function Rates({ limit: { numbers, declared } }: Cell) {
  const rate = rateText(numbers);
  const forKey = numbers.perKey && numbersText(numbers.perKey);
  return (
    <div class="rates">
      {rate !== null && <div>{rate}</div>}
      {rate === null && forKey === null && <div class="faint">any rate</div>}
      <Declared now={rate} declared={rateText(declared)} />
      {forKey !== null && <div>each key: {forKey}</div>}
      <Declared now={forKey} declared={declared.perKey && numbersText(declared.perKey)} />
    </div>
  );
}

interface DeclaredProps {
  readonly now: string | null;
  readonly declared: string | null;
}

/** What the plugins declare, if something else counts. */
function Declared({ now, declared }: DeclaredProps) {
  if (now === declared) return null;
  return (
    <span class="remark declared">
      <span class="wait-text">changed</span>,{" "}
      {declared === null ? "none declared" : `declared: ${declared}`}
    </span>
  );
}
