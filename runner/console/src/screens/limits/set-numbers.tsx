import { useState } from "preact/hooks";
import { call } from "../../api/request.ts";
import type { Limit, LimitOverride } from "../../api/schema.ts";
import { Dialog } from "../../parts/dialog.tsx";
import { FormFoot } from "../../parts/form-foot.tsx";
import { announce } from "../../parts/toasts.tsx";
import { TextField } from "../schedules/form/field.tsx";
import type { Numbers } from "./numbers-text.ts";
import { useSend } from "./use-send.ts";

interface SetNumbersProps {
  readonly limit: Limit;
  readonly onClose: () => void;
}

/** The fields as they are typed, by their path in the request's body. Empty: what is declared. */
type Draft = Readonly<Record<string, string>>;

type Part = "" | "/perKey";
type Name = "concurrency" | "rate" | "burst" | "maxQueued";
const NAMES: Readonly<Record<Part, readonly Name[]>> = {
  "": ["concurrency", "rate", "burst", "maxQueued"],
  "/perKey": ["concurrency", "rate", "burst"],
};
const PARTS = ["", "/perKey"] as const;
const PATHS = PARTS.flatMap((part) => NAMES[part].map((name) => `${part}/${name}`));

/** Numbers that count in place of the declared ones. */
export function SetNumbers({ limit, onClose }: SetNumbersProps) {
  const { name, declared } = limit;
  const [draft, setDraft] = useState<Draft>(() => draftOf(limit.override));
  const { errorOf, error, isSending, send } = useSend(PATHS);

  const submit = (): void => {
    const body = requestOf(draft);
    const params = { name };
    const isEmpty = Object.keys(body).length === 0;
    void send(
      [],
      () =>
        isEmpty
          ? call("DELETE /v1/limits/{name}", { params })
          : call("PUT /v1/limits/{name}", { params, body }),
      () => {
        announce(
          isEmpty
            ? `The declared numbers of ${name} count again.`
            : `The numbers of ${name} are set.`,
        );
        onClose();
      },
    );
  };
  const fields = (part: Part, numbers: DeclaredNumbers) => (
    <NumberFields
      part={part}
      declared={numbers}
      draft={draft}
      errorOf={errorOf}
      onChange={(changed) => setDraft({ ...draft, ...changed })}
    />
  );

  return (
    <Dialog title={`Other numbers for ${name}`} onClose={onClose}>
      <form
        class="stack"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <p>
          They count on all daemons in place of the declared ones, also after a restart, until they
          are removed. An empty field counts as declared. Jobs that run go on.
        </p>
        <fieldset class="limit-numbers">
          <legend>All jobs</legend>
          {fields("", declared)}
        </fieldset>
        {declared.perKey !== null && (
          <fieldset class="limit-numbers">
            <legend>Jobs with the same key</legend>
            {fields("/perKey", declared.perKey)}
          </fieldset>
        )}
        {Object.values(draft).some((text) => text !== "") && (
          <button type="button" class="link clear" onClick={() => setDraft({})}>
            Empty all fields
          </button>
        )}
        <FormFoot error={error} act="Set" isSending={isSending} onClose={onClose} />
      </form>
    </Dialog>
  );
}

type DeclaredNumbers = Numbers & { readonly maxQueued?: number | null };

interface NumberFieldsProps {
  readonly part: Part;
  readonly declared: DeclaredNumbers;
  readonly draft: Draft;
  readonly errorOf: (path: string) => string | null;
  readonly onChange: (changed: Draft) => void;
}

const LABELS = {
  concurrency: "At a time",
  rate: "Rate",
  burst: "Burst",
  maxQueued: "Most that wait",
} as const;
const NOT_DECLARED = {
  concurrency: "any number",
  rate: "any rate",
  burst: "1",
  maxQueued: "any number",
} as const;

function NumberFields({ part, declared, draft, errorOf, onChange }: NumberFieldsProps) {
  return (
    <div class="numbers">
      {NAMES[part].map((name) => {
        const path = `${part}/${name}`;
        return (
          <TextField
            key={name}
            label={LABELS[name]}
            value={draft[path] ?? ""}
            placeholder={String(declared[name] ?? NOT_DECLARED[name])}
            {...(name !== "rate" && { inputMode: "numeric" as const })}
            error={errorOf(path)}
            onInput={(value) => onChange({ [path]: value })}
          />
        );
      })}
    </div>
  );
}

function draftOf(override: Limit["override"]): Draft {
  const given: Readonly<Record<Part, Readonly<Partial<Record<Name, string | number>>>>> = {
    "": override ?? {},
    "/perKey": override?.perKey ?? {},
  };
  return Object.fromEntries(
    PARTS.flatMap((part) =>
      NAMES[part].map((name) => [`${part}/${name}`, String(given[part][name] ?? "")]),
    ),
  );
}

/** What is no number is sent as it is typed: the daemon says what would be right. */
function requestOf(draft: Draft): LimitOverride {
  const part = (prefix: Part): object =>
    Object.fromEntries(
      NAMES[prefix].flatMap((name) => {
        const text = (draft[`${prefix}/${name}`] ?? "").trim();
        if (text === "") return [];
        const isNumber = name !== "rate" && !Number.isNaN(Number(text));
        return [[name, isNumber ? Number(text) : text]];
      }),
    );
  const perKey = part("/perKey");
  return { ...part(""), ...(Object.keys(perKey).length > 0 && { perKey }) };
}
