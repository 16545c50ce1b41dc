import { useState } from "preact/hooks";
import { call } from "../../api/request.ts";
import type { Limit } from "../../api/schema.ts";
import { Dialog } from "../../parts/dialog.tsx";
import { parseDuration } from "../../parts/duration-input.ts";
import { FormFoot } from "../../parts/form-foot.tsx";
import { announce } from "../../parts/toasts.tsx";
import { ChoiceField, TextField } from "../schedules/form/field.tsx";
import { useSend } from "./use-send.ts";

interface PauseLimitProps {
  readonly limit: Limit;
  /** The key that is filled in. */
  readonly firstKey?: string;
  readonly onClose: () => void;
}

const SPANS = {
  "15m": "for 15 minutes",
  "1h": "for an hour",
  "1d": "for a day",
  other: "for another time …",
  open: "until it is resumed",
} as const;

/** The longest pause that the daemon accepts. */
const MAX_MS = 366 * 24 * 3_600_000;

const SCOPES = { all: "all jobs of the limit", key: "the jobs with one key" } as const;

/** Pauses a limit or one of its keys: what it does is said before it is done. */
export function PauseLimit({ limit, firstKey, onClose }: PauseLimitProps) {
  const { name, numbers } = limit;
  const [scope, setScope] = useState<keyof typeof SCOPES>(firstKey === undefined ? "all" : "key");
  const [key, setKey] = useState(firstKey ?? "");
  const [span, setSpan] = useState<keyof typeof SPANS>("1h");
  const [other, setOther] = useState("");
  const { errorOf, error, isSending, send } = useSend(["/key", "/forMs"]);

  const submit = (): void => {
    const forMs = parseDuration(span === "other" ? other : span);
    const isWrong = span !== "open" && (forMs === null || forMs === 0 || forMs > MAX_MS);
    const issues = [
      ...(scope === "key" && key === "" ? [{ path: "/key", message: "must be given" }] : []),
      ...(isWrong
        ? [{ path: "/forMs", message: "must be a time of at most 366d, such as 90s, 15m or 2h" }]
        : []),
    ];
    const body = {
      ...(scope === "key" && { key }),
      ...(forMs !== null && { forMs }),
    };
    const paused = scope === "key" ? `The key ${key}` : `The limit ${name}`;
    void send(
      issues,
      () => call("POST /v1/limits/{name}/pause", { params: { name }, body }),
      () => {
        announce(`${paused} is paused.`);
        onClose();
      },
    );
  };

  return (
    <Dialog title={`Pause ${name}`} onClose={onClose}>
      <form
        class="stack"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <p>
          {scope === "all"
            ? "No job of this limit begins, on any daemon, until the pause ends."
            : "No job with this key begins, on any daemon, until the pause ends. The jobs of other keys go on."}{" "}
          Jobs that run go on.
        </p>
        {numbers.perKey !== null && (
          <ChoiceField label="Pause" value={scope} choices={SCOPES} onChange={setScope} />
        )}
        {scope === "key" && (
          <TextField
            label="Key"
            value={key}
            isCode
            help="The value in the job's input that the limit counts by."
            error={errorOf("/key")}
            onInput={setKey}
          />
        )}
        <ChoiceField label="How long" value={span} choices={SPANS} onChange={setSpan} />
        {span === "other" && (
          <TextField
            label="Time"
            value={other}
            placeholder="90s, 15m, 2h"
            error={errorOf("/forMs")}
            onInput={setOther}
          />
        )}
        <FormFoot error={error} act="Pause" isSending={isSending} onClose={onClose} />
      </form>
    </Dialog>
  );
}
