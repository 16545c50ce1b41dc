import { useState } from "preact/hooks";
import { ApiError } from "../../api/request.ts";
import { Dialog } from "../../parts/dialog.tsx";
import { FormFoot } from "../../parts/form-foot.tsx";
import { plural } from "../../parts/numbers.ts";
import { announce } from "../../parts/toasts.tsx";

interface RecoverProps {
  /** What the events are sent to. */
  readonly target: string;
  /** One request. `more`: there are further deliveries. */
  readonly recover: (since: string) => Promise<{ recovered: number; more: boolean }>;
  readonly onClose: () => void;
}

const HOUR_MS = 3_600_000;
const CHOICES: readonly (readonly [string, number])[] = [
  ["the last hour", HOUR_MS],
  ["the last 6 hours", 6 * HOUR_MS],
  ["the last 24 hours", 24 * HOUR_MS],
  ["the last 7 days", 168 * HOUR_MS],
];

/** Sends again what was given up since a time. */
export function Recover({ target, recover, onClose }: RecoverProps) {
  const [ago, setAgo] = useState(24 * HOUR_MS);
  const [own, setOwn] = useState("");
  const [error, setError] = useState<string | null>(null);
  const [isSending, setSending] = useState(false);

  const submit = async (): Promise<void> => {
    const since = own === "" ? Date.now() - ago : new Date(own).getTime();
    setSending(true);
    try {
      let recovered = 0;
      for (let more = true; more;) {
        const done = await recover(new Date(since).toISOString());
        recovered += done.recovered;
        more = done.more && done.recovered > 0;
      }
      announce(
        recovered === 0
          ? "There was nothing to send again."
          : `${plural(recovered, "event")} will be sent again.`,
      );
      onClose();
    } catch (reason) {
      setError(reason instanceof ApiError ? reason.message : String(reason));
      setSending(false);
    }
  };

  return (
    <Dialog title="Send failed events again" onClose={onClose}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <p>
          Events to <b class="break">{target}</b> that were given up are sent again, in each job's
          order. Events that wait for a retry are sent now. Delivered events are not repeated.
        </p>
        <label class="field">
          Events of
          <select
            value={own === "" ? String(ago) : "own"}
            onChange={({ currentTarget: { value } }) => {
              setOwn(value === "own" ? toLocal(Date.now() - ago) : "");
              if (value !== "own") setAgo(Number(value));
            }}
          >
            {CHOICES.map(([words, ms]) => (
              <option key={ms} value={String(ms)}>
                {words}
              </option>
            ))}
            <option value="own">since a time …</option>
          </select>
        </label>
        {own !== "" && (
          <label class="field">
            Since
            <input
              type="datetime-local"
              required
              value={own}
              onInput={({ currentTarget }) => setOwn(currentTarget.value)}
            />
          </label>
        )}
        <FormFoot error={error} act="Send again" isSending={isSending} onClose={onClose} />
      </form>
    </Dialog>
  );
}

/** The text of `<input type="datetime-local">`, in the browser's zone. */
function toLocal(ms: number): string {
  const zone = new Date(ms).getTimezoneOffset() * 60_000;
  return new Date(ms - zone).toISOString().slice(0, 16);
}
