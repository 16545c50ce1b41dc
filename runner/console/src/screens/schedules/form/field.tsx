import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

interface FieldProps {
  readonly label: string;
  readonly help?: ComponentChildren;
  /** What is wrong, in words that follow the field's name. */
  readonly error: string | null;
  /** Whether it has a row of its own. */
  readonly isFull?: boolean;
  readonly children: (described: {
    readonly id: string;
    readonly "aria-invalid": boolean;
    readonly "aria-describedby": string;
  }) => ComponentChildren;
}

/** A field with its help and with what is wrong, which a screen reader reads with it. */
export function Field({ label, help, error, isFull = false, children }: FieldProps) {
  const id = useId();
  return (
    <div class={isFull ? "field full" : "field"}>
      <label for={id}>{label}</label>
      {children({
        id,
        "aria-invalid": error !== null,
        "aria-describedby": `${id}-help ${id}-error`,
      })}
      <p id={`${id}-help`} class="help">
        {help}
      </p>
      <p id={`${id}-error`} class="help bad-text">
        {error !== null && `It ${error}.`}
      </p>
    </div>
  );
}

interface TextFieldProps extends Omit<FieldProps, "children"> {
  readonly value: string;
  readonly onInput: (value: string) => void;
  readonly type?: "text" | "datetime-local";
  readonly isCode?: boolean;
  readonly placeholder?: string;
  readonly inputMode?: "numeric";
  readonly list?: string;
  readonly maxLength?: number;
}

export function TextField({
  label,
  help,
  error,
  isFull = false,
  value,
  onInput,
  isCode = false,
  ...input
}: TextFieldProps) {
  return (
    <Field label={label} help={help} error={error} isFull={isFull}>
      {(described) => (
        <input
          {...described}
          {...input}
          class={isCode ? "mono" : ""}
          value={value}
          autocomplete="off"
          spellcheck={false}
          onInput={({ currentTarget }) => onInput(currentTarget.value)}
        />
      )}
    </Field>
  );
}

interface ChoiceFieldProps<T extends string> extends Omit<FieldProps, "children" | "error"> {
  readonly value: T;
  /** What each value means. */
  readonly choices: Readonly<Record<T, string>>;
  readonly onChange: (value: T) => void;
}

export function ChoiceField<T extends string>({
  label,
  help,
  value,
  choices,
  onChange,
}: ChoiceFieldProps<T>) {
  return (
    <Field label={label} help={help} error={null}>
      {(described) => (
        <select
          {...described}
          value={value}
          onChange={({ currentTarget }) => onChange(currentTarget.value as T)}
        >
          {Object.entries<string>(choices).map(([name, text]) => (
            <option key={name} value={name}>
              {text}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
