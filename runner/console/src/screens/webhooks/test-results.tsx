import type { WebhookTest } from "../../api/schema.ts";
import { Dialog } from "../../parts/dialog.tsx";
import { formatDuration } from "../../parts/duration-text.ts";
import { State } from "../../parts/state.tsx";

interface TestResultsProps {
  /** Null while the samples are sent. */
  readonly test: WebhookTest | null;
  readonly onClose: () => void;
}

/** What the endpoint answered to the samples. */
export function TestResults({ test, onClose }: TestResultsProps) {
  return (
    <Dialog title="Test" onClose={onClose}>
      <div class="stack">
        {test === null ? (
          <p role="status">Sending a sample of each event …</p>
        ) : (
          <ul class="attempts">
            {test.results.map(({ event, eventId, ok, status, durationMs, response, error }) => (
              <li key={eventId}>
                <div class="row-head">
                  <State name={ok ? "delivered" : "failed"} word={ok ? "accepted" : "refused"} />
                  <b>{event}</b>
                  <span class="muted">
                    {status === null ? error : `status ${status}`}, {formatDuration(durationMs)}
                  </span>
                </div>
                {response !== null && response !== "" && (
                  <pre class="answer" tabIndex={0}>
                    {response}
                  </pre>
                )}
              </li>
            ))}
          </ul>
        )}
        <div class="acts">
          <button type="button" class="btn primary" onClick={onClose}>
            Close
          </button>
        </div>
      </div>
    </Dialog>
  );
}
