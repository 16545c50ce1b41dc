/** Where a plugin writes its result: a path in the files folder, or a file by reference. */
import { PassThrough, type Readable } from "node:stream";
import { stat } from "node:fs/promises";
import { z } from "zod";
import type { PluginContext, WrittenFileReference } from "../../plugin-sdk.ts";
import { resolveOutput, type OutputParts } from "./output-file.ts";

/** The option beside `outputFile`. */
export function outputName(example: string) {
  return z
    .string()
    .max(255)
    .optional()
    .describe(
      `Name of a file to write the result to, such as \`${example}\`. In place of \`outputFile\`: the daemon keeps the file with the job, and the output's \`file\` refers to it.`,
    );
}

const Reference = z
  .object({
    $file: z.string().describe("The file's id: `file_…`."),
    name: z.string().describe("The file's name."),
    type: z.string().describe("The file's media type."),
    size: z.int().describe("The file's size in bytes."),
    sha256: z.string().describe("SHA-256 of the content, in hex."),
  })
  .describe("The file that `outputName` names.");

/** The output's field `file`. The next plugin takes it as its input's `file`. */
export const OutputLocation = z.union([z.string(), Reference]);

export interface OutputTarget {
  /** Null for a file by reference. */
  readonly path: string | null;
  /** `type` is used in place of the one that was given before. */
  write(data: Uint8Array | string, type?: string): Promise<void>;
  writeStream(stream: Readable, signal: AbortSignal): Promise<void>;
  open(): Promise<OutputParts>;
  /** The output's field `file`, after the result was written. */
  written(): { readonly file: string | WrittenFileReference };
  bytes(): Promise<number>;
}

/** Returns null if neither option is set. `example` and `type` are of the file that is written. */
export async function openTarget(
  options: { readonly outputFile?: string | undefined; readonly outputName?: string | undefined },
  ctx: Pick<PluginContext, "files" | "artifacts">,
  { example, type }: { readonly example: string; readonly type: string },
): Promise<OutputTarget | null> {
  const outputFile = options.outputFile ?? "";
  const name = options.outputName ?? "";
  if (outputFile !== "" && name !== "") {
    throw new Error(
      `outputFile is ${JSON.stringify(outputFile)} and outputName is ${JSON.stringify(name)}: only one of them can be set`,
    );
  }
  if (name !== "") return referenceTarget(name, type, ctx);
  if (outputFile === "") return null;
  const target = await resolveOutput(outputFile, ctx.files, example);
  return {
    ...target,
    write: (data) => target.write(data),
    written: () => ({ file: outputFile }),
    bytes: async () => (await stat(target.path)).size,
  };
}

function referenceTarget(
  name: string,
  type: string,
  { artifacts }: Pick<PluginContext, "artifacts">,
): OutputTarget {
  let reference: WrittenFileReference | null = null;
  async function write(source: Uint8Array | Readable, actual = type): Promise<void> {
    reference = await artifacts.write(name, source, { type: actual });
  }
  function get(): WrittenFileReference {
    if (reference === null) throw new Error(`${JSON.stringify(name)} has not been written`);
    return reference;
  }
  return {
    path: null,
    write: (data, actual) => write(typeof data === "string" ? Buffer.from(data) : data, actual),
    // The step's signal ends the write.
    writeStream: (stream) => write(stream),
    open: async () => createParts((stream) => write(stream)),
    written: () => ({ file: get() }),
    bytes: async () => get().size,
  };
}

function createParts(write: (stream: Readable) => Promise<void>): OutputParts {
  const stream = new PassThrough();
  let hasEnded = false;
  const done = write(stream);
  // Whoever writes the next part, or ends, gets the error.
  done.catch(() => undefined);
  return {
    async write(part) {
      if (stream.write(part)) return;
      const drained = new Promise((resolve) => stream.once("drain", resolve));
      await Promise.race([drained, done]);
    },
    async end() {
      hasEnded = true;
      stream.end();
      await done;
    },
    async discard() {
      if (!hasEnded) stream.destroy(new Error("The output was not finished."));
      await done.catch(() => undefined);
    },
  };
}
