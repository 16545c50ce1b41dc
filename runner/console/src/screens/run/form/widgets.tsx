import type { RegistryWidgetsType, WidgetProps } from "@rjsf/utils";
import { stringifyExact } from "../../../api/exact-json.ts";
import { helpId } from "./help-id.ts";

const MAX_ROWS = 12;

/** A text. It grows with its lines where no rule says that it has only one. */
function TextWidget(props: WidgetProps) {
  const { id, value, schema, onChange, options, required, disabled, readonly } = props;
  const shared = {
    id,
    value: value == null ? "" : String(value),
    required: required ?? false,
    disabled: disabled === true || readonly === true,
    placeholder: typeof schema.default === "string" ? schema.default : "",
    spellcheck: false,
    autocomplete: "off",
    "aria-describedby": helpId(id),
    "aria-invalid": (props.rawErrors ?? []).length > 0,
    onInput: (event: { currentTarget: { value: string } }) =>
      onChange(event.currentTarget.value === "" ? options.emptyValue : event.currentTarget.value),
    onBlur: () => props.onBlur(id, value),
  };
  const isLine = schema.pattern !== undefined || schema.format !== undefined;
  if (isLine || (schema.maxLength ?? Infinity) <= 200) return <input type="text" {...shared} />;
  return <textarea rows={Math.min(MAX_ROWS, shared.value.split("\n").length)} {...shared} />;
}

function SelectWidget({ id, value, schema, options, onChange, disabled, readonly }: WidgetProps) {
  const choices = options.enumOptions ?? [];
  const chosen = choices.findIndex((choice) => choice.value === value);
  return (
    <select
      id={id}
      value={String(chosen)}
      disabled={disabled === true || readonly === true}
      aria-describedby={helpId(id)}
      onChange={({ currentTarget }) => onChange(choices[Number(currentTarget.value)]?.value)}
    >
      <option value="-1">
        {schema.default === undefined ? "not set" : `${toText(schema.default)} (default)`}
      </option>
      {choices.map((choice, index) => (
        <option key={index} value={String(index)}>
          {choice.label}
        </option>
      ))}
    </select>
  );
}

function toText(value: unknown): string {
  return typeof value === "string" ? value : stringifyExact(value);
}

/** Shows the default until it is changed. Without a default there is a third state: not set. */
function CheckboxWidget(props: WidgetProps) {
  const { id, label, value, schema, onChange, disabled, readonly, required } = props;
  if (schema.default === undefined && required !== true) {
    const enumOptions = [
      { value: true, label: "yes" },
      { value: false, label: "no" },
    ];
    return <SelectWidget {...props} options={{ ...props.options, enumOptions }} />;
  }
  return (
    <label class="check">
      <input
        id={id}
        type="checkbox"
        checked={(value ?? schema.default ?? false) === true}
        disabled={disabled === true || readonly === true}
        aria-describedby={helpId(id)}
        onChange={({ currentTarget }) => onChange(currentTarget.checked)}
      />
      {label}
    </label>
  );
}

export const widgets = {
  TextWidget,
  TextareaWidget: TextWidget,
  SelectWidget,
  CheckboxWidget,
} as unknown as RegistryWidgetsType;
