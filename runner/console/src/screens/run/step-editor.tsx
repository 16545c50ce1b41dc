import type { Plugin } from "../../api/schema.ts";
import { fileFieldOf } from "../../files/reference.ts";
import { Icon } from "../../parts/icon.tsx";
import { linkTo } from "../../router.ts";
import { stepOfPlugin, type DraftStep } from "./draft.ts";
import { CodeWords } from "./form/code-words.tsx";
import { ValueEditor } from "./value-editor.tsx";

interface StepEditorProps {
  /** From 0. */
  readonly number: number;
  readonly step: DraftStep;
  readonly plugins: readonly Plugin[];
  /** `chosen` is another plugin, if one was chosen. */
  readonly onChange: (step: DraftStep, chosen?: Plugin) => void;
  readonly onRemove?: () => void;
  readonly isChecked: boolean;
  /** Whether the plugins that take a file come first. */
  readonly takesFile: boolean;
}

export function StepEditor({
  number,
  step,
  plugins,
  onChange,
  onRemove,
  isChecked,
  takesFile,
}: StepEditorProps) {
  const plugin = plugins.find(({ name }) => name === step.plugin);
  const label = number === 0 ? "Plugin" : `Plugin ${number + 1}`;
  const choose = (name: string): void => {
    const chosen = plugins.find((one) => one.name === name);
    if (chosen !== undefined) onChange(stepOfPlugin(chosen), chosen);
  };
  return (
    <div class="step-editor">
      <div class="choose">
        <select
          aria-label={label}
          value={step.plugin}
          onChange={({ currentTarget }) => choose(currentTarget.value)}
        >
          <option value="" disabled>
            Choose a plugin
          </option>
          {plugin === undefined && step.plugin !== "" && (
            <option value={step.plugin}>{step.plugin} (missing)</option>
          )}
          <Choices plugins={plugins} takesFile={takesFile} />
        </select>
        {onRemove !== undefined && (
          <button type="button" class="icon-btn" aria-label={`Remove ${label}`} onClick={onRemove}>
            <Icon name="cross" />
          </button>
        )}
      </div>
      {plugin !== undefined && <About plugin={plugin} />}
      {plugin?.optionsSchema != null && (
        <details class="options" open={plugin.optionsSchema["required"] !== undefined}>
          <summary>Options</summary>
          <ValueEditor
            key={plugin.name}
            id={`options-${number}`}
            what={`options of ${plugin.name}`}
            schema={plugin.optionsSchema}
            text={step.options}
            isChecked={isChecked}
            onChange={(options) => onChange({ ...step, options })}
          />
        </details>
      )}
    </div>
  );
}

function Choices({ plugins, takesFile }: Pick<StepEditorProps, "plugins" | "takesFile">) {
  const option = ({ name, status }: Plugin) => (
    <option key={name} value={name} disabled={status === "broken"}>
      {status === "broken" ? `${name} (broken)` : name}
    </option>
  );
  if (!takesFile) return <>{plugins.map(option)}</>;
  const isFor = ({ inputSchema }: Plugin): boolean => fileFieldOf(inputSchema) !== null;
  return (
    <>
      <optgroup label="Take a file">{plugins.filter(isFor).map(option)}</optgroup>
      <optgroup label="Others">{plugins.filter((one) => !isFor(one)).map(option)}</optgroup>
    </>
  );
}

function About({ plugin: { name, description, status, error } }: { readonly plugin: Plugin }) {
  if (status === "broken") {
    return (
      <p class="bad-text">
        This plugin is broken. {error} <a href={linkTo(["plugins", name])}>Show it</a>
      </p>
    );
  }
  return (
    <p class="muted">
      {description !== null && <CodeWords text={description} />}{" "}
      <a href={linkTo(["plugins", name])}>About {name}</a>
    </p>
  );
}
