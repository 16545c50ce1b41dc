import { ApiError, call } from "../../../api/request.ts";
import { useResource, type Resource } from "../../../api/resource.ts";
import type { PreviewedSlotList, PreviewSchedule } from "../../../api/schema.ts";
import { Card } from "../../../parts/card.tsx";
import { Empty } from "../../../parts/empty.tsx";
import type { Issue } from "./schedule-draft.ts";

/** A person who types is not asked about each letter. */
const PAUSE_MS = 300;

export type Preview = Resource<PreviewedSlotList | null>;

/** The next slots of what the form says, from the daemon. */
export function usePreview(when: PreviewSchedule | null): Preview {
  return useResource(JSON.stringify(when), async (signal) => {
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    if (when === null || signal.aborted) return null;
    return call("POST /v1/schedules/preview", { body: when, signal });
  });
}

/** What the daemon says is wrong with it. */
export function previewIssues({ loaded }: Preview): readonly Issue[] {
  const now = loaded.value;
  return now.state === "failed" && now.error instanceof ApiError ? now.error.issues : [];
}

export function PreviewCard({ preview }: { readonly preview: Preview }) {
  const now = preview.loaded.value;
  const items = now.state === "ready" ? (now.data?.items ?? []) : [];
  return (
    <Card
      title="Next slots"
      note={items.length > 0 ? "if it is saved now" : undefined}
      class="preview"
    >
      <div class={items.length > 0 ? "body" : ""} aria-live="polite">
        {items.length > 0 ? (
          <ol class="next-slots">
            {items.map(({ slot, local }) => (
              <li key={slot}>{local}</li>
            ))}
          </ol>
        ) : (
          now.state !== "loading" && (
            <Empty title="No slot to show">
              <p>
                {now.state === "failed" && previewIssues(preview).length === 0
                  ? now.error.message
                  : "The next five appear here when the times are right."}
              </p>
            </Empty>
          )
        )}
      </div>
    </Card>
  );
}
