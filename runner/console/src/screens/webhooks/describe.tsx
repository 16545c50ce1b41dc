import type { Webhook } from "../../api/schema.ts";
import { State } from "../../parts/state.tsx";

const KINDS = 4;

export function WebhookState({ webhook }: { readonly webhook: Webhook }) {
  return <State name={webhook.state} />;
}

/** "completed, failed of jobs named orders that run csv-profile" */
export function describeFilter({ on, plugins, jobName }: Webhook) {
  return (
    <>
      {on.length === KINDS ? "all events" : on.join(", ")}
      <span class="remark muted">
        {jobName === null && plugins === null && "of all jobs"}
        {jobName !== null && (
          <>
            of jobs named <b>{jobName}</b>
          </>
        )}
        {plugins !== null && (
          <>
            {jobName === null ? "of jobs that run " : " that run "}
            <span class="mono">{plugins.join(" or ")}</span>
          </>
        )}
      </span>
    </>
  );
}
