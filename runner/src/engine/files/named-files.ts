/** The files that a request names, anywhere in a job's input or options. */
import { MAX_ISSUES, Refused, summarize, type Issue } from "../../domain/errors.ts";
import { findReferences, mentionsFiles, type FoundReference } from "../../domain/file.ts";
import type { JsonText } from "../../domain/json-text.ts";
import { shorten } from "../../domain/shorten.ts";
import type { JobRequest } from "../requests.ts";

/**
 * Returns the ids of the files that the job names. Most jobs name none, which only costs a look at the
 * texts. Throws `Refused`: INPUT_INVALID for a reference that is not an id.
 */
export function namedFiles(request: JobRequest, texts: readonly JsonText[]): readonly string[] {
  if (!texts.some(mentionsFiles)) return [];
  const { found, issues } = referencesIn(request, "");
  if (issues.length > 0) {
    const detail = `A reference to a file is wrong: ${summarize(issues, "")}.`;
    throw new Refused("INPUT_INVALID", detail, { issues });
  }
  return [...new Set(found.map(({ id }) => id))];
}

/** The refusal of requests of which one names a file that does not exist. */
export function refuseMissingFile(
  id: string,
  requests: readonly { readonly request: JobRequest; readonly at: string }[],
): Refused {
  const message = `is ${JSON.stringify(shorten(id))}: there is no such file. Upload it with PUT /v1/files, or leave the key out`;
  const issues = requests
    .flatMap(({ request, at }) => referencesIn(request, at).found)
    .filter((reference) => reference.id === id)
    .slice(0, MAX_ISSUES)
    .map(({ path }) => ({ path, message }));
  return new Refused("FILE_NOT_FOUND", `${summarize(issues, "A reference")}.`, { issues });
}

function referencesIn(
  { input, plugins }: JobRequest,
  at: string,
): { found: readonly FoundReference[]; issues: readonly Issue[] } {
  const parts = [
    findReferences(input, `${at}/input`),
    ...plugins.map(({ options }, index) =>
      findReferences(options, `${at}/plugins/${index}/options`),
    ),
  ];
  return {
    found: parts.flatMap(({ found }) => found),
    issues: parts.flatMap(({ issues }) => issues),
  };
}
