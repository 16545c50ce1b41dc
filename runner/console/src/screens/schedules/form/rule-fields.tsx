import { zoneName } from "../../../preferences/time-zone.ts";
import { ChoiceField, TextField } from "./field.tsx";
import type { ScheduleFieldsProps } from "./when-fields.tsx";

const OVERLAPS = {
  skip: "Skip the slot",
  "buffer-one": "Wait for it, one slot at most",
  allow: "Run beside it",
  "cancel-running": "Cancel it and run",
} as const;

const CATCH_UPS = {
  latest: "Run the newest late slot",
  none: "Run no late slot",
  all: "Run each late slot",
} as const;

/** What becomes of slots that cannot simply run, and when there are none. */
export function RuleFields({ draft, onChange, errorOf }: ScheduleFieldsProps) {
  return (
    <div class="settings">
      <ChoiceField
        label="While an earlier job runs"
        value={draft.overlap}
        choices={OVERLAPS}
        onChange={(overlap) => onChange({ overlap })}
      />
      <ChoiceField
        label="After downtime"
        value={draft.catchUp}
        choices={CATCH_UPS}
        onChange={(catchUp) => onChange({ catchUp })}
      />
      <TextField
        label="Late by at most"
        value={draft.catchUpWindow}
        help="Later slots do not run."
        error={errorOf("/catchUpWindowMs")}
        onInput={(catchUpWindow) => onChange({ catchUpWindow })}
      />
      <TextField
        label="Jitter"
        value={draft.jitter}
        placeholder="none"
        help="Each job starts up to this much later, such as 5m."
        error={errorOf("/jitterMs")}
        onInput={(jitter) => onChange({ jitter })}
      />
      <TextField
        label="Pause after failures in a row"
        value={draft.pauseOnFailures}
        inputMode="numeric"
        placeholder="never"
        error={errorOf("/pauseOnFailures")}
        onInput={(pauseOnFailures) => onChange({ pauseOnFailures })}
      />
      <TextField
        label="No slot before"
        type="datetime-local"
        value={draft.startAt}
        help={`In ${zoneName.value}.`}
        error={errorOf("/startAt")}
        onInput={(startAt) => onChange({ startAt })}
      />
      <TextField
        label="No slot after"
        type="datetime-local"
        value={draft.endAt}
        help={`In ${zoneName.value}.`}
        error={errorOf("/endAt")}
        onInput={(endAt) => onChange({ endAt })}
      />
    </div>
  );
}
