import { CommandFailed } from "../command-failed.ts";
import { indentJson } from "../exact-json.ts";
import { openOutput } from "../output.ts";
import type { Answer } from "./client.ts";

/**
 * Does the same for each id, and prints what happened. One that fails does not stop the others. The
 * exit code is that of the first one that failed.
 */
export async function forEachId<Body>(
  ids: readonly string[],
  {
    json,
    act,
    describe,
  }: {
    readonly json: boolean;
    readonly act: (id: string) => Promise<Answer<Body>>;
    readonly describe: (id: string, answer: Answer<Body>) => string;
  },
): Promise<number> {
  const output = openOutput();
  let exitCode = 0;
  for (const id of ids) {
    try {
      const answer = await act(id);
      if (!json) output.print(describe(id, answer));
      else if (answer.text !== "") output.print(await indentJson(answer.text));
    } catch (error) {
      // A daemon that cannot be reached will not answer for the next id either.
      if (!(error instanceof CommandFailed) || error.exitCode === 3) throw error;
      output.note(ids.length === 1 ? error.message : `${id}: ${error.message}`);
      exitCode ||= error.exitCode;
    }
  }
  return exitCode;
}
