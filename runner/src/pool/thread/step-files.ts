/** `ctx.files` and `ctx.artifacts` of one step. */
import { createReadStream } from "node:fs";
import { addAbortSignal, Readable } from "node:stream";
import {
  DEFAULT_FILE_TYPE,
  fileNameProblem,
  fileTypeProblem,
  type FileInfo,
} from "../../domain/file.ts";
import { contentSize, createLocalContents } from "../../files/local-contents.ts";
import type {
  FileReference,
  OpenedFile,
  PluginArtifacts,
  PluginFiles,
  WrittenFileReference,
} from "../../plugin-sdk.ts";
import { systemClock } from "../../system/clock.ts";
import { createIds } from "../../system/ids.ts";
import { createFiles } from "../files.ts";
import { closeSource, toBytes, type Source } from "./file-source.ts";
import { createWriteLimits } from "./write-limits.ts";

export interface ThreadFiles {
  readonly files: PluginFiles;
  readonly artifacts: PluginArtifacts;
  /** Waits for files that are being written, and returns all that were. No further one can be. */
  end(): Promise<readonly FileInfo[]>;
  /** Ends writes that go on, because the step has failed. */
  close(): void;
}

interface StepFileSettings {
  readonly filesDir: string;
  readonly contentsDir: string;
  readonly fileLimitBytes: number;
  readonly signal: AbortSignal;
}

const ids = createIds(() => systemClock.now());

export function createStepFiles(
  task: { readonly files?: readonly FileInfo[]; readonly filesLimitBytes: number },
  settings: StepFileSettings,
): ThreadFiles {
  const { contentsDir, filesDir } = settings;
  const contents = createLocalContents(contentsDir);
  const stop = new AbortController();
  const { signal, fileLimitBytes } = settings;
  const onStop = (): void => stop.abort(signal.reason);
  signal.addEventListener("abort", onStop, { once: true });
  if (signal.aborted) onStop();
  const limits = createWriteLimits({ fileLimitBytes, signal: stop.signal }, task.filesLimitBytes);
  const written: FileInfo[] = [];
  const writing = new Set<Promise<unknown>>();
  let hasEnded = false;

  function find(id: string): FileInfo {
    const known = [...(task.files ?? []), ...written].find((file) => file.id === id);
    if (known !== undefined) return known;
    throw new Error(
      `The job has no file ${JSON.stringify(id)}: its input, its options or the output of an earlier step must refer to it as {"$file": "…"}.`,
    );
  }

  async function write(
    name: string,
    source: Source,
    { type = DEFAULT_FILE_TYPE }: { readonly type?: string } = {},
  ): Promise<WrittenFileReference> {
    if (hasEnded) throw new Error(`The step has ended: "${name}" cannot be written any more.`);
    refuseIf("name", name, typeof name === "string" ? fileNameProblem(name) : "must be a string");
    refuseIf("type", type, typeof type === "string" ? fileTypeProblem(type) : "must be a string");
    const limit = limits.begin(name);
    try {
      const { sha256, size } = await contents.write(toBytes(source), { check: limit.check });
      const file = { id: ids.newId("file"), name, type, size, sha256 };
      written.push(file);
      return { $file: file.id, name, type, size, sha256 };
    } catch (error) {
      limit.failed();
      throw error;
    }
  }

  async function writeOrClose(...args: Parameters<typeof write>): Promise<WrittenFileReference> {
    const [, source] = args;
    // A stream that fails before it is read fails the write, and not the thread.
    if (source instanceof Readable || source instanceof ReadableStream) {
      // It takes web streams too, which its types do not say.
      addAbortSignal(stop.signal, source as Readable);
    }
    try {
      return await write(...args);
    } catch (error) {
      closeSource(source);
      throw error;
    }
  }

  return {
    files: {
      ...createFiles(filesDir),
      async open(reference: FileReference | string): Promise<OpenedFile> {
        const { id, ...file } = find(toId(reference));
        const path = contents.pathOf(file.sha256);
        if ((await contentSize(contentsDir, file.sha256)) === null) {
          throw new Error(`The content of the file "${id}" is missing: ${path} does not exist.`);
        }
        return { ...file, path, stream: () => createReadStream(path) };
      },
    },
    artifacts: {
      async write(...args) {
        const promise = writeOrClose(...args);
        writing.add(promise);
        try {
          return await promise;
        } finally {
          writing.delete(promise);
        }
      },
    },
    async end() {
      hasEnded = true;
      await Promise.allSettled(writing);
      if (written.length > 0) await contents.renew(written.map(({ sha256 }) => sha256));
      return written;
    },
    close() {
      hasEnded = true;
      if (writing.size > 0) stop.abort(new Error("The step has ended."));
    },
  };
}

function toId(reference: unknown): string {
  const id =
    typeof reference === "object" && reference !== null && "$file" in reference
      ? reference.$file
      : reference;
  if (typeof id === "string") return id;
  throw new TypeError(
    `The reference is ${JSON.stringify(reference)}: it must be {"$file": "file_…"} or the id.`,
  );
}

function refuseIf(field: string, value: unknown, problem: string | null): void {
  if (problem === null) return;
  throw new TypeError(`The file's ${field} is ${JSON.stringify(value)}: it ${problem}.`);
}
