import { useState } from "preact/hooks";
import { call } from "../../api/request.ts";
import { Card } from "../../parts/card.tsx";
import { Chain } from "../../parts/chain.tsx";
import { CopyButton } from "../../parts/copy-button.tsx";
import { announceFailure } from "../../parts/toasts.tsx";
import { goTo, linkTo } from "../../router.ts";
import { curlCommand, n8nNode } from "../../jobs/as-code.ts";
import { NO_SETTINGS, requestOf } from "../run/draft.ts";
import { SAMPLES, type Sample } from "./samples.ts";

interface FirstRunProps {
  readonly mayRun: boolean;
  readonly isEmpty: boolean;
}

/** What the overview shows while there are few jobs: three to run, and how others submit them. */
export function FirstRun({ mayRun, isEmpty }: FirstRunProps) {
  const [webhook, setWebhook] = useState("");
  return (
    <>
      <Card
        title={isEmpty ? "Run a first job" : "Run another job"}
        {...(isEmpty ? { note: "Nothing has run here yet." } : {})}
      >
        <div class="body">
          <ul class="samples">
            {SAMPLES.map((sample) => (
              <li key={sample.name}>
                <h3>{sample.title}</h3>
                <p class="muted">{sample.about}</p>
                <Chain
                  steps={sample.plugins.map((plugin) => ({
                    plugin: plugin.name,
                    status: "pending",
                  }))}
                />
                <button
                  type="button"
                  class="btn"
                  disabled={!mayRun}
                  onClick={() => void run(sample, webhook)}
                >
                  Run it
                </button>
              </li>
            ))}
          </ul>
          <label class="field">
            Send its events to a webhook (optional)
            <input
              type="url"
              value={webhook}
              placeholder="https://your-n8n.example.com/webhook/…"
              onInput={(event) => setWebhook(event.currentTarget.value)}
            />
          </label>
        </div>
      </Card>
      <UseIt />
    </>
  );
}

async function run({ name, plugins, input }: Sample, webhook: string): Promise<void> {
  try {
    const body = { name, plugins, input, ...(webhook === "" ? {} : { webhook: { url: webhook } }) };
    const { jobId } = await call("POST /v1/jobs", { body });
    goTo(linkTo(["jobs", jobId]));
  } catch (error) {
    announceFailure(error);
  }
}

function UseIt() {
  const [sample] = SAMPLES;
  const body = requestOf({
    steps: sample.plugins.map(({ name, options }) => ({
      plugin: name,
      options: options === undefined ? "" : JSON.stringify(options),
    })),
    input: JSON.stringify(sample.input),
    settings: { ...NO_SETTINGS, name: sample.name },
  });
  return (
    <div class="three">
      <Card title="n8n">
        <ol class="body numbered">
          <li>
            Copy the node and paste it into a workflow.{" "}
            <CopyButton
              text={() => n8nNode(sample.name, body)}
              what="an n8n node"
              label="Copy the node"
              class="btn"
            />
          </li>
          <li>
            Give it a Header Auth credential: the name <code>Authorization</code>, the value{" "}
            <code>Bearer</code> and your token.
          </li>
          <li>
            To get the result, set a Webhook node's production URL as the job's{" "}
            <code>webhook.url</code>.
          </li>
        </ol>
      </Card>
      <Card title="Make">
        <ol class="body numbered">
          <li>
            Add <b>Webhooks › Custom webhook</b>, copy its address, and paste it as the job's{" "}
            <code>webhook.url</code>.
          </li>
          <li>
            Add <b>HTTP › Make a request</b>: with the method, URL, headers and body of the command
            under <b>Any program</b>.
          </li>
          <li>Run one job, so that Make learns the structure of the events.</li>
        </ol>
      </Card>
      <Card
        title="Any program"
        acts={<CopyButton text={() => curlCommand(body)} what="the command" label="Copy" />}
      >
        <pre class="json" tabIndex={0}>
          {curlCommand(body)}
        </pre>
      </Card>
    </div>
  );
}
