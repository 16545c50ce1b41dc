import { EVENTS, type Settings } from "./draft.ts";
import { RetryFields } from "./retry-fields.tsx";

interface JobSettingsProps {
  readonly settings: Settings;
  readonly onChange: (settings: Settings) => void;
  readonly isScheduled: boolean;
}

/** What a job can have besides its plugins: name, time, attempts, tags, metadata, webhook. */
export function JobSettings({ settings, onChange, isScheduled }: JobSettingsProps) {
  const set = (changed: Partial<Settings>): void => onChange({ ...settings, ...changed });
  return (
    <div class="settings">
      <label class="field">
        Name
        <input
          value={settings.name}
          maxLength={200}
          placeholder="for lists and webhook filters"
          autocomplete="off"
          onInput={({ currentTarget }) => set({ name: currentTarget.value })}
        />
      </label>
      {!isScheduled && (
        <label class="field">
          Not before
          <input
            type="datetime-local"
            value={settings.runAt}
            onInput={({ currentTarget }) => set({ runAt: currentTarget.value })}
          />
        </label>
      )}
      <label class="field">
        Time limit in seconds
        <input
          inputMode="decimal"
          value={settings.timeoutS}
          placeholder="none"
          onInput={({ currentTarget }) => set({ timeoutS: currentTarget.value })}
        />
      </label>
      <label class="field">
        Priority
        <input
          inputMode="numeric"
          value={settings.priority}
          placeholder="0, from -1000 to 1000"
          onInput={({ currentTarget }) => set({ priority: currentTarget.value })}
        />
      </label>
      <RetryFields retry={settings.retry} onChange={(retry) => set({ retry })} />
      <Tags value={settings.tags} onChange={(tags) => set({ tags })} />
      <label class="field full">
        Metadata
        <textarea
          class="code"
          rows={Math.min(8, settings.metadata.split("\n").length)}
          value={settings.metadata}
          placeholder='{ "customer": 7 }'
          spellcheck={false}
          onInput={({ currentTarget }) => set({ metadata: currentTarget.value })}
        />
      </label>
      <label class="field full">
        Webhook URL
        <input
          type="url"
          value={settings.webhookUrl}
          placeholder="https://n8n.example.com/webhook/…"
          autocomplete="off"
          onInput={({ currentTarget }) => set({ webhookUrl: currentTarget.value })}
        />
      </label>
      {settings.webhookUrl !== "" && <WebhookSettings settings={settings} set={set} />}
    </div>
  );
}

interface WebhookSettingsProps {
  readonly settings: Settings;
  readonly set: (changed: Partial<Settings>) => void;
}

function WebhookSettings({ settings, set }: WebhookSettingsProps) {
  const headers = settings.webhookHeaders;
  return (
    <>
      <fieldset class="full events">
        <legend>Events</legend>
        {EVENTS.map((event) => (
          <label key={event} class="check">
            <input
              type="checkbox"
              checked={settings.events.includes(event)}
              onChange={({ currentTarget: { checked } }) =>
                set({
                  events: EVENTS.filter((one) =>
                    one === event ? checked : settings.events.includes(one),
                  ),
                })
              }
            />
            {event}
          </label>
        ))}
      </fieldset>
      <label class="field full">
        Webhook headers
        <textarea
          class="code"
          rows={Math.max(1, Math.min(6, headers.split("\n").length))}
          value={headers}
          placeholder="Authorization: Bearer …"
          spellcheck={false}
          onInput={({ currentTarget }) => set({ webhookHeaders: currentTarget.value })}
        />
      </label>
    </>
  );
}

interface TagsProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
}

function Tags({ value, onChange }: TagsProps) {
  return (
    <label class="field full">
      Tags
      <input
        value={value}
        placeholder="nightly customer:7"
        autocomplete="off"
        spellcheck={false}
        onInput={({ currentTarget }) => onChange(currentTarget.value)}
      />
    </label>
  );
}
