import { Suspense, lazy } from "preact/compat";
import { useMemo, useRef, useState } from "preact/hooks";
import { parseExact, stringifyExact } from "../../api/exact-json.ts";
import { AttachFile } from "../../files/attach-file.tsx";
import { referenceText } from "../../files/reference.ts";
import { Loading } from "../../parts/loaded.tsx";
import { formatBytes } from "../../parts/numbers.ts";

const SchemaForm = lazy(() => import("./form/schema-form.tsx"));

/** From this length on, a browser is slow with a field. */
const MAX_EDITED = 256 * 1024;

interface ValueEditorProps {
  readonly id: string;
  /** What is edited, such as "input". */
  readonly what: string;
  /** Null when the plugin does not declare one. */
  readonly schema: Readonly<Record<string, unknown>> | null;
  /** JSON text. It is what will be sent. */
  readonly text: string;
  readonly onChange: (text: string) => void;
  /** Whether the form says what is wrong. Before it is submitted that would only be in the way. */
  readonly isChecked: boolean;
}

/** Edits a JSON value as a form or as text. */
export function ValueEditor({ id, what, schema, text, onChange, isChecked }: ValueEditorProps) {
  const [wantsJson, setWantsJson] = useState(false);
  const [editsLong, setEditsLong] = useState(false);
  const parsed = useMemo(() => parse(text), [text]);
  const isForm = schema !== null && !wantsJson && parsed.problem === null && fits(parsed, schema);

  if (text.length > MAX_EDITED && !editsLong) {
    return (
      <p class="long">
        The {what} has {formatBytes(text.length)} and is sent as it is.{" "}
        <button type="button" class="link" onClick={() => setEditsLong(true)}>
          Edit it anyway
        </button>
      </p>
    );
  }
  return (
    <div class="value-editor">
      {schema !== null && (
        <div class="tabs" role="group" aria-label={`Edit the ${what} as`}>
          <button
            type="button"
            aria-pressed={isForm}
            disabled={parsed.problem !== null || !fits(parsed, schema)}
            onClick={() => setWantsJson(false)}
          >
            Form
          </button>
          <button type="button" aria-pressed={!isForm} onClick={() => setWantsJson(true)}>
            JSON
          </button>
        </div>
      )}
      {isForm ? (
        <Suspense fallback={<Loading what="the form" />}>
          <SchemaForm
            id={id}
            schema={schema}
            value={parsed.value}
            isChecked={isChecked}
            onChange={(value) => {
              const next = toText(value);
              // The form reports its own defaults when it appears. They change nothing.
              if (next !== toText(parsed.value)) onChange(next);
            }}
          />
        </Suspense>
      ) : (
        <JsonText id={id} what={what} text={text} problem={parsed.problem} onChange={onChange} />
      )}
    </div>
  );
}

interface Parsed {
  readonly value: unknown;
  readonly problem: string | null;
}

function parse(text: string): Parsed {
  if (text.trim() === "") return { value: undefined, problem: null };
  try {
    return { value: parseExact(text), problem: null };
  } catch (error) {
    return { value: undefined, problem: (error as Error).message };
  }
}

function toText(value: unknown): string {
  return value === undefined ? "" : stringifyExact(value, 2);
}

/** A form of fields cannot show a list or a text. */
function fits({ value }: Parsed, { properties }: Readonly<Record<string, unknown>>): boolean {
  if (properties === undefined || value === undefined) return true;
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

type JsonTextProps = Pick<ValueEditorProps, "id" | "what" | "text" | "onChange"> & {
  readonly problem: string | null;
};

function JsonText({ id, what, text, problem, onChange }: JsonTextProps) {
  const field = useRef<HTMLTextAreaElement>(null);
  /** In place of what is selected, or of a value that is empty. */
  const insert = (reference: string): void => {
    const { selectionStart: start = 0, selectionEnd: end = 0 } = field.current ?? {};
    const isEmpty = text.trim() === "";
    onChange(isEmpty ? reference : text.slice(0, start) + reference + text.slice(end));
  };
  return (
    <>
      <textarea
        ref={field}
        id={`${id}-json`}
        class="code"
        aria-label={`The ${what} as JSON`}
        aria-invalid={problem !== null}
        aria-describedby={problem === null ? undefined : `${id}-problem`}
        rows={Math.min(24, Math.max(6, text.split("\n").length))}
        spellcheck={false}
        value={text}
        onInput={({ currentTarget }) => onChange(currentTarget.value)}
      />
      {problem !== null && (
        <p id={`${id}-problem`} class="bad-text small">
          This is not JSON: {problem}
        </p>
      )}
      <AttachFile to={`to the ${what}`} onChoose={({ fileId }) => insert(referenceText(fileId))} />
    </>
  );
}
