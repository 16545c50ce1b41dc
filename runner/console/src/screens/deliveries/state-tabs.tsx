import type { DeliverySummary } from "../../api/schema.ts";

type State = DeliverySummary["state"];

const STATES: readonly (readonly [State | undefined, string])[] = [
  [undefined, "All"],
  ["due", "Due"],
  ["waiting", "Waiting"],
  ["delivered", "Delivered"],
  ["dead", "Given up"],
];

export function stateOf(text: string | null): State | undefined {
  return STATES.find(([state]) => state !== undefined && state === text)?.[0];
}

interface StateTabsProps {
  readonly state: State | undefined;
  readonly onChange: (state: State | undefined) => void;
}

export function StateTabs({ state, onChange }: StateTabsProps) {
  return (
    <div class="tabs" role="group" aria-label="State">
      {STATES.map(([one, word]) => (
        <button key={word} type="button" aria-pressed={one === state} onClick={() => onChange(one)}>
          {word}
        </button>
      ))}
    </div>
  );
}
