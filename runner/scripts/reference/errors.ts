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

## Error responses

Every error response is \`application/problem+json\` ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)) with \`type\`, \`title\`, \`status\`, \`detail\`, \`code\` and \`issues\`. \`issues\` is a list of \`{path, message}\` with one entry per invalid field. Use \`code\` in programs: it never changes. A response with status 503 has a \`Retry-After\` header.

${table(["code", "status", "meaning"], errors)}

## Failures

The \`errorCode\` of a failed job and of its \`failed\` event says why the job failed.

${table(["errorCode", "meaning"], failures)}
`;
}
