import { ApiError } from "../../api/request.ts";

export interface Problem {
  readonly text: string;
  readonly issues: readonly { readonly path: string; readonly message: string }[];
}

export function toProblem(error: unknown): Problem {
  const text = error instanceof Error ? error.message : String(error);
  return { text, issues: error instanceof ApiError ? error.issues : [] };
}

/** Why a request was refused. */
export function ProblemNotice({ problem: { text, issues } }: { readonly problem: Problem }) {
  return (
    <div class="notice refusal" role="alert">
      <p>{text}</p>
      {issues.length > 1 && (
        <ul>
          {issues.map(({ path, message }) => (
            <li key={`${path} ${message}`}>
              <code>{path}</code> {message}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
