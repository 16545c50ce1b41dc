import { Card } from "../../../parts/card.tsx";
import { zoneName } from "../../../preferences/time-zone.ts";
import { TextField } from "./field.tsx";
import { KINDS, type ScheduleDraft } from "./schedule-draft.ts";

export interface ScheduleFieldsProps {
  readonly draft: ScheduleDraft;
  readonly onChange: (changed: Partial<ScheduleDraft>) => void;
  readonly errorOf: (path: string) => string | null;
}

const KIND_NAMES = { cron: "By cron", every: "At an interval", at: "Once" } as const;
const ZONES_ID = "time-zones";

/** The schedule's key and its slots. */
export function WhenFields({
  draft,
  onChange,
  errorOf,
  isNew,
}: ScheduleFieldsProps & { readonly isNew: boolean }) {
  return (
    <Card
      title="When"
      class="when"
      acts={
        <div class="tabs" role="group" aria-label="How the times are given">
          {KINDS.map((kind) => (
            <button
              key={kind}
              type="button"
              aria-pressed={draft.kind === kind}
              onClick={() => onChange({ kind })}
            >
              {KIND_NAMES[kind]}
            </button>
          ))}
        </div>
      }
    >
      <div class="settings">
        {isNew && (
          <TextField
            label="Key"
            isFull
            value={draft.key}
            placeholder="nightly-report"
            maxLength={100}
            help="Its name in lists, links and the API. It cannot be changed later."
            error={errorOf("/key")}
            onInput={(key) => onChange({ key })}
          />
        )}
        {draft.kind === "cron" && (
          <TextField
            label="Cron"
            value={draft.cron}
            isCode
            help="Minute, hour, day of the month, month, day of the week."
            error={errorOf("/cron")}
            onInput={(cron) => onChange({ cron })}
          />
        )}
        {draft.kind === "every" && (
          <TextField
            label="Every"
            value={draft.every}
            help="Such as 90s, 15m, 2h or 7d."
            error={errorOf("/everyMs")}
            onInput={(every) => onChange({ every })}
          />
        )}
        {draft.kind === "at" && (
          <TextField
            label="Once at"
            type="datetime-local"
            value={draft.at}
            help={`In ${zoneName.value}.`}
            error={errorOf("/at")}
            onInput={(at) => onChange({ at })}
          />
        )}
        <TextField
          label="Time zone"
          value={draft.timezone}
          list={ZONES_ID}
          help={
            draft.kind === "cron" ? "The clock that cron follows." : "The clock that times show."
          }
          error={errorOf("/timezone")}
          onInput={(timezone) => onChange({ timezone })}
        />
        <datalist id={ZONES_ID}>
          {["UTC", ...Intl.supportedValuesOf("timeZone")].map((zone) => (
            <option key={zone} value={zone} />
          ))}
        </datalist>
      </div>
    </Card>
  );
}
