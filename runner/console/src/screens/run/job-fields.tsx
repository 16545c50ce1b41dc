import type { Plugin } from "../../api/schema.ts";
import { stringifyExact } from "../../api/exact-json.ts";
import { KeepsFiles } from "../../files/attach-file.tsx";
import { inputWithFile } from "../../files/reference.ts";
import { Card } from "../../parts/card.tsx";
import { EMPTY_STEP, NO_SETTINGS, type Draft } from "./draft.ts";
import { JobSettings } from "./job-settings.tsx";
import { StepEditor } from "./step-editor.tsx";
import { ValueEditor } from "./value-editor.tsx";

interface JobFieldsProps {
  readonly draft: Draft;
  /** As the form was opened. */
  readonly first: Draft;
  readonly plugins: readonly Plugin[];
  readonly onChange: (draft: Draft) => void;
  /** Whether the form says what is wrong. */
  readonly isChecked: boolean;
  /** Whether a schedule says when the job runs. */
  readonly isScheduled?: boolean;
  /** The file that the first plugin gets, when it is chosen. */
  readonly fileId?: string | undefined;
}

/** What a job runs: its plugins, their input and options, and its settings. */
export function JobFields(props: JobFieldsProps) {
  const { draft, first, plugins, onChange, isChecked, isScheduled = false } = props;
  const [firstStep] = draft.steps;
  const plugin = plugins.find(({ name }) => name === firstStep?.plugin);
  const hasSettings = JSON.stringify(first.settings) !== JSON.stringify(NO_SETTINGS);
  return (
    <KeepsFiles.Provider value={isScheduled}>
      <Steps {...props} />
      {firstStep !== undefined && firstStep.plugin !== "" && (
        <Card title="Input" note={draft.steps.length > 1 ? `of ${firstStep.plugin}` : undefined}>
          <div class="body">
            <ValueEditor
              key={firstStep.plugin}
              id="input"
              what="input"
              schema={plugin?.inputSchema ?? null}
              text={draft.input}
              isChecked={isChecked}
              onChange={(input) => onChange({ ...draft, input })}
            />
          </div>
        </Card>
      )}
      <details class="card fold" open={hasSettings}>
        <summary>
          <h2>Job settings</h2>
          <span class="faint">name, time, attempts, tags, metadata, webhook</span>
        </summary>
        <JobSettings
          settings={draft.settings}
          isScheduled={isScheduled}
          onChange={(settings) => onChange({ ...draft, settings })}
        />
      </details>
    </KeepsFiles.Provider>
  );
}

function Steps({ draft, plugins, onChange, isChecked, fileId }: JobFieldsProps) {
  const { steps } = draft;
  return (
    <Card
      title={steps.length > 1 ? "Plugins" : "Plugin"}
      note={steps.length > 1 ? "each gets the output of the one before" : undefined}
      acts={
        <button
          type="button"
          class="link"
          onClick={() => onChange({ ...draft, steps: [...steps, EMPTY_STEP] })}
        >
          Add a plugin after it
        </button>
      }
    >
      {steps.map((step, index) => (
        <StepEditor
          key={index}
          number={index}
          step={step}
          plugins={plugins}
          isChecked={isChecked}
          takesFile={index === 0 && fileId !== undefined}
          onChange={(changed, chosen) =>
            onChange({
              ...draft,
              steps: steps.map((one, at) => (at === index ? changed : one)),
              ...(index === 0 && chosen !== undefined ? { input: inputFor(chosen, fileId) } : {}),
            })
          }
          {...(steps.length > 1
            ? {
                onRemove: () =>
                  onChange({ ...draft, steps: steps.filter((_, at) => at !== index) }),
              }
            : {})}
        />
      ))}
    </Card>
  );
}

/** The plugin's example as JSON text, with the file where it takes one. */
function inputFor({ inputSchema, example }: Plugin, fileId: string | undefined): string {
  const withFile = fileId === undefined ? null : inputWithFile(inputSchema, example?.input, fileId);
  const input = withFile ?? example?.input;
  return input === undefined ? "" : stringifyExact(input, 2);
}
