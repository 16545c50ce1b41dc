/** The input `file` of a plugin: a path in the files folder, or a reference to a file. */
import { z } from "zod";
import type { PluginFiles } from "../../plugin-sdk.ts";

export const FileReference = z
  .looseObject({ $file: z.string().describe("The file's id: `file_…`.") })
  .describe("A file that was uploaded, or that an earlier plugin wrote.");

/** `description` is that of the path. */
export function fileSource(description: string) {
  return z
    .union([z.string(), FileReference])
    .describe(`${description} Or a reference to a file: \`{"$file": "file_…"}\`.`);
}

export type FileSource = z.output<ReturnType<typeof fileSource>>;

/** The absolute path of the content. Throws if the path leads out of the files folder, or there is no such file. */
export async function pathOf(file: FileSource, files: PluginFiles): Promise<string> {
  return typeof file === "string" ? files.resolve(file) : (await files.open(file)).path;
}
