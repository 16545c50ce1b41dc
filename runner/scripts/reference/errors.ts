import { FAILURES } from "../../src/domain/errors.ts";
import { describeErrors } from "../../src/http/error-map.ts";
import { code, GENERATED, table } from "./markdown.ts";

export function renderErrors(): string {
  const errors = describeErrors().map((error) => [
    code(error.code),
    String(error.status),
    error.meaning,
  ]);
  const failures = Object.entries(FAILURES).map(([name, meaning]) => [code(name), meaning]);
  return `${GENERATED}

# Errors

## Answers

Every answer that is an error is \`application/problem+json\` ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)): \`type\`, \`title\`, \`status\`, \`detail\`, \`code\`, and \`issues\`, a list of \`{path, message}\` with one entry per field that is wrong. Compare with \`code\`; it does not change. An answer with status 503 has a \`Retry-After\` header.

${table(["code", "status", "meaning"], errors)}

## Failures

Why a job ended with \`failed\`: the \`errorCode\` of the job and of its \`failed\` event.

${table(["errorCode", "meaning"], failures)}
`;
}
