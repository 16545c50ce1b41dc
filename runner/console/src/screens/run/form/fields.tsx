/** Fields whose values rjsf would change or does not know. */
import type { FieldProps } from "@rjsf/utils";
import { useState } from "preact/hooks";
import {
  isLargeInteger,
  markedInteger,
  markIntegers,
  parseExact,
  stringifyExact,
} from "../../../api/exact-json.ts";
import { helpId } from "./help-id.ts";

const NUMBER = /^-?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** A number, as text: large integers stay as they are. What is not a number is kept, for the daemon to refuse. */
export function NumberField(props: FieldProps) {
  const { formData, onChange, fieldPathId, schema, required, disabled, readonly } = props;
  const { $id: id, path } = fieldPathId;
  const [text, setText] = useState(() => toText(formData));
  const shown = sameNumber(text, formData) ? text : toText(formData);
  return (
    <input
      id={id}
      class="number"
      inputMode={schema.type === "integer" ? "numeric" : "decimal"}
      autocomplete="off"
      value={shown}
      required={required ?? false}
      disabled={disabled === true || readonly === true}
      placeholder={toText(schema.default)}
      aria-describedby={helpId(id)}
      aria-invalid={(props.rawErrors ?? []).length > 0}
      onInput={({ currentTarget: { value } }) => {
        setText(value);
        onChange(parseNumber(value), path);
      }}
    />
  );
}

function toText(value: unknown): string {
  if (value == null) return "";
  return markedInteger(value) ?? (typeof value === "string" ? value : stringifyExact(value));
}

function parseNumber(text: string): unknown {
  const trimmed = text.trim();
  if (trimmed === "") return undefined;
  if (isLargeInteger(trimmed)) return markIntegers(BigInt(trimmed));
  return NUMBER.test(trimmed) ? Number(trimmed) : trimmed;
}

/** "1." and "1.0" are 1, and must stay as they are while someone types. */
function sameNumber(text: string, value: unknown): boolean {
  return parseNumber(text) === (value ?? undefined);
}

/** A value that can be anything, as JSON. */
export function JsonField(props: FieldProps) {
  const { formData, onChange, fieldPathId, disabled, readonly } = props;
  const [text, setText] = useState(() => toJson(formData));
  const [error, setError] = useState<string | null>(null);
  const shown = error !== null || isSame(text, formData) ? text : toJson(formData);
  return (
    <>
      <textarea
        id={fieldPathId.$id}
        class="code"
        rows={Math.min(12, shown.split("\n").length)}
        spellcheck={false}
        value={shown}
        placeholder="JSON"
        disabled={disabled === true || readonly === true}
        aria-describedby={helpId(fieldPathId.$id)}
        aria-invalid={error !== null}
        onInput={({ currentTarget: { value } }) => {
          setText(value);
          try {
            onChange(
              value.trim() === "" ? undefined : markIntegers(parseExact(value)),
              fieldPathId.path,
            );
            setError(null);
          } catch (reason) {
            setError(`This is not JSON: ${(reason as Error).message}`);
          }
        }}
      />
      {error !== null && <p class="bad-text small">{error}</p>}
    </>
  );
}

function toJson(value: unknown): string {
  return value === undefined ? "" : stringifyExact(value, 2);
}

function isSame(text: string, value: unknown): boolean {
  try {
    return stringifyExact(parseExact(text)) === stringifyExact(value);
  } catch {
    return text.trim() === "" && value === undefined;
  }
}
