import { tellRetry, type RetryDraft } from "./retry-draft.ts";

interface RetryFieldsProps {
  readonly retry: RetryDraft;
  readonly onChange: (retry: RetryDraft) => void;
}

const WAITS = [
  ["delay", "First wait", "1s"],
  ["factor", "Factor", "2"],
  ["maxDelay", "Longest wait", "1h"],
  ["jitter", "Jitter, 0 to 1", "0.2"],
] as const;

/** How often a step runs until its job fails, and the waits between. */
export function RetryFields({ retry, onChange }: RetryFieldsProps) {
  const has = retry.attempts.trim() !== "";
  return (
    <>
      <label class="field">
        Attempts of each step
        <input
          inputMode="numeric"
          value={retry.attempts}
          placeholder="as its plugin says"
          autocomplete="off"
          onInput={({ currentTarget }) => onChange({ ...retry, attempts: currentTarget.value })}
        />
      </label>
      {has && (
        <div class="full waits" role="group" aria-label="Waits between attempts">
          {WAITS.map(([name, label, placeholder]) => (
            <label key={name} class="field">
              {label}
              <input
                value={retry[name]}
                placeholder={placeholder}
                autocomplete="off"
                onInput={({ currentTarget }) => onChange({ ...retry, [name]: currentTarget.value })}
              />
            </label>
          ))}
          <p class="help full" aria-live="polite">
            {tellRetry(retry)}
          </p>
        </div>
      )}
    </>
  );
}
