import { useEffect, useState } from "preact/hooks";
import { ApiError } from "../api/request.ts";
import { logIn } from "../api/session.ts";
import { Mark } from "./mark.tsx";

export function Login() {
  const [error, setError] = useState<string | null>(null);
  const [isSending, setSending] = useState(false);
  useEffect(() => {
    document.title = "Log in · Playground";
  }, []);

  const submit = async (form: HTMLFormElement): Promise<void> => {
    const token = new FormData(form).get("token");
    if (typeof token !== "string" || token.trim() === "") {
      setError("Enter a token.");
      return;
    }
    setSending(true);
    await logIn({ token: token.trim() }).catch((reason: unknown) => {
      setError(explain(reason));
      setSending(false);
    });
  };

  return (
    <main class="login">
      <form
        class="card"
        onSubmit={(event) => {
          event.preventDefault();
          void submit(event.currentTarget);
        }}
      >
        <h1>
          <Mark /> Playground
        </h1>
        {/* For password managers, which store a password with a name. */}
        <input
          class="off-screen"
          name="username"
          autocomplete="username"
          value="playground"
          readOnly
          tabIndex={-1}
          aria-hidden="true"
        />
        <label class="field">
          Token
          <input
            name="token"
            type="password"
            autocomplete="current-password"
            spellcheck={false}
            autofocus
            aria-describedby="login-help"
            aria-invalid={error !== null}
          />
        </label>
        {error !== null && (
          <p class="bad-text" role="alert">
            {error}
          </p>
        )}
        <button class="btn primary" type="submit" disabled={isSending}>
          Log in
        </button>
        <p id="login-help" class="muted">
          The daemon printed its token at the first start, and a link that logs you in at every
          start. The token is also in the file <code>token</code> of the data folder.
        </p>
      </form>
    </main>
  );
}

function explain(reason: unknown): string {
  if (!(reason instanceof ApiError)) return "Something went wrong. Try again.";
  if (reason.status === 401) return "This token is not valid.";
  return reason.message;
}
