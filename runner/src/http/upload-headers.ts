/** What the headers of an upload say about the file. */
import type { IncomingHttpHeaders } from "node:http";
import { Refused } from "../domain/errors.ts";
import { DEFAULT_FILE_TYPE, fileTypeProblem } from "../domain/file.ts";

/** What curl sends for `--data-binary` without a type. It says nothing about the file. */
const MEANINGLESS = "application/x-www-form-urlencoded";

/** Throws `Refused`: CONTENT_TYPE_UNSUPPORTED, BODY_INVALID. */
export function fileTypeOf(headers: IncomingHttpHeaders): string {
  const encoding = headers["content-encoding"]?.trim().toLowerCase() ?? "";
  if (encoding !== "" && encoding !== "identity") {
    const detail = `Content-Encoding is ${JSON.stringify(encoding)}: a file must be sent as it is, without one.`;
    throw new Refused("CONTENT_TYPE_UNSUPPORTED", detail);
  }
  const type = headers["content-type"]?.trim() ?? "";
  if (type === "" || type.toLowerCase() === MEANINGLESS) return DEFAULT_FILE_TYPE;
  if (/^multipart\//i.test(type)) {
    const detail =
      "The body is a form: it must be the file's content itself, such as `curl --upload-file report.pdf` sends it.";
    throw new Refused("CONTENT_TYPE_UNSUPPORTED", detail);
  }
  const problem = fileTypeProblem(type);
  if (problem === null) return type;
  const message = `is ${JSON.stringify(type)}: it ${problem}`;
  throw new Refused("BODY_INVALID", `The header content-type ${message}.`, {
    issues: [{ path: "/content-type", message }],
  });
}

export function declaredSize(headers: IncomingHttpHeaders): number | null {
  const length = headers["content-length"];
  return length === undefined ? null : Number(length);
}
