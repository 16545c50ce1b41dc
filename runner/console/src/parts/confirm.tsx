import { signal } from "@preact/signals";
import { useState } from "preact/hooks";
import { session } from "../api/session.ts";
import { Dialog } from "./dialog.tsx";

interface Question {
  /** "Delete 312 jobs?" */
  readonly title: string;
  /** What happens, and whether it can be undone. */
  readonly text: string;
  /** The button: "Delete 312 jobs". */
  readonly act: string;
  /** The button that does nothing. "Cancel" would be a riddle beside "Cancel the job". */
  readonly dismiss?: string;
  readonly isDangerous?: boolean;
  /** What must be typed first, for acts on many things. */
  readonly typed?: string;
}

const asked = signal<(Question & { readonly answer: (yes: boolean) => void }) | null>(null);

/** Asks before an act that destroys or that many are touched by. Resolves to whether to do it. */
export function confirmAct(question: Question): Promise<boolean> {
  asked.peek()?.answer(false);
  return new Promise((resolve) => {
    asked.value = { ...question, answer: resolve };
  });
}

export function Confirmation() {
  const question = asked.value;
  if (question === null) return null;
  return <Asked key={question.title} question={question} />;
}

function Asked({ question }: { readonly question: NonNullable<typeof asked.value> }) {
  const [typed, setTyped] = useState("");
  const answer = (yes: boolean): void => {
    asked.value = null;
    question.answer(yes);
  };
  const environment = session.value?.environment;
  const isReady = question.typed === undefined || typed.trim() === question.typed;
  return (
    <Dialog title={question.title} onClose={() => answer(false)}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (isReady) answer(true);
        }}
      >
        <p>{question.text}</p>
        {environment && (
          <p>
            This is <b class="environment">{environment}</b>.
          </p>
        )}
        {question.typed !== undefined && (
          <label class="field">
            Type {question.typed} to confirm
            <input
              value={typed}
              autocomplete="off"
              onInput={(event) => setTyped(event.currentTarget.value)}
            />
          </label>
        )}
        <div class="acts">
          <button type="button" class="btn" onClick={() => answer(false)}>
            {question.dismiss ?? "Cancel"}
          </button>
          <button
            type="submit"
            class={question.isDangerous ? "btn danger" : "btn primary"}
            disabled={!isReady}
          >
            {question.act}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
