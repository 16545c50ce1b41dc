import { mentionsFiles, type FileInfo } from "../../domain/file.ts";
import type { Failure } from "../../domain/errors.ts";
import type { RunningJob } from "../../domain/job.ts";
import type { StepResult } from "../../domain/transition.ts";
import type { JsonText } from "../../domain/json-text.ts";
import { linkReferences } from "../../domain/link-references.ts";
import type { FileContents, SharedContents } from "../../ports/file-contents.ts";
import type { Store } from "../../ports/store/store.ts";
import type { FileLinks } from "./file-links.ts";
import type { FileRoom } from "./file-room.ts";
import type { FileWriters } from "./file-writers.ts";

export interface JobFileDeps {
  readonly store: Pick<Store, "filesOfJob">;
  readonly contents: Pick<FileContents, "shared">;
  readonly room: Pick<FileRoom, "leftBytes" | "add" | "refresh">;
  readonly writers: Pick<FileWriters, "begin">;
  readonly links: Pick<FileLinks, "url">;
  /** The bytes of files that a job can write under one claim. */
  readonly jobFilesLimit: number;
}

/** The files of a job that this process has claimed. */
export interface JobFiles {
  /**
   * What a step needs to know. `filesLimitBytes` are the bytes that it can write. Reads the store only
   * if the job can have files, and once.
   */
  forStep(): Promise<StepFiles> | StepFiles;
  /**
   * Has the contents of the job's files brought to this daemon. Returns why that is not possible, or null.
   * Null without contents that daemons share.
   */
  readonly bring: ((signal: AbortSignal) => Promise<Failure | null>) | null;
  /**
   * Shares and counts what a step wrote. Returns a failure if it cannot be shared, or others have meanwhile
   * taken the room for it.
   */
  stepEnded(result: StepResult, signal: AbortSignal): Promise<StepResult> | StepResult;
  /** Adds a link to each reference to one of the job's files. */
  readonly link: (text: JsonText) => JsonText;
  /** The job ends here. Call it when its files are stored. */
  readonly end: () => void;
}

export interface StepFiles {
  readonly files?: readonly FileInfo[];
  readonly filesLimitBytes: number;
}

export function createJobFiles(
  claimed: RunningJob,
  { store, contents: { shared }, room, writers, links, jobFilesLimit }: JobFileDeps,
): JobFiles {
  const known = new Map<string, FileInfo>();
  let leftBytes = jobFilesLimit;
  let isLoaded = !canHaveFiles(claimed);

  function current(): StepFiles {
    const filesLimitBytes = Math.max(0, Math.min(leftBytes, room.leftBytes()));
    return { filesLimitBytes, ...(known.size > 0 && { files: [...known.values()] }) };
  }

  async function load(): Promise<StepFiles> {
    for (const file of await store.filesOfJob(claimed.id)) known.set(file.id, file);
    isLoaded = true;
    return current();
  }

  async function checkAgain(result: StepResult, bytes: number): Promise<StepResult> {
    await room.refresh();
    if (bytes <= room.leftBytes()) return add(result, bytes);
    return toFailed(result, filesFull(bytes));
  }

  function count(result: StepResult): Promise<StepResult> | StepResult {
    const bytes = filesOf(result).reduce((sum, { size }) => sum + size, 0);
    if (bytes === 0 || bytes <= room.leftBytes()) return add(result, bytes);
    return checkAgain(result, bytes);
  }

  async function shareAndCount(
    result: StepResult,
    signal: AbortSignal,
    contents: SharedContents,
  ): Promise<StepResult> {
    try {
      await contents.share(filesOf(result), signal);
    } catch (error) {
      return toFailed(result, unavailable("What the plugin wrote could not be stored", error));
    }
    return count(result);
  }

  function add(result: StepResult, bytes: number): StepResult {
    for (const file of filesOf(result)) known.set(file.id, file);
    leftBytes -= bytes;
    room.add(bytes);
    return result;
  }

  return {
    forStep: () => (isLoaded ? current() : load()),
    bring:
      shared &&
      (async (signal) => {
        try {
          await shared.bring([...known.values()], signal);
          return null;
        } catch (error) {
          return unavailable("A content of the job's files could not be read", error);
        }
      }),
    stepEnded(result, signal) {
      if (shared === null || filesOf(result).length === 0) return count(result);
      return shareAndCount(result, signal, shared);
    },
    link: (text) => linkReferences(text, (id) => (known.has(id) ? links.url(id) : null)),
    end: writers.begin(),
  };
}

/** A step can have written files to which no output refers as JSON does. */
function canHaveFiles({ input, plugins, completedSteps }: RunningJob): boolean {
  return (
    completedSteps.length > 0 ||
    mentionsFiles(input) ||
    plugins.some(({ options }) => mentionsFiles(options))
  );
}

function filesOf(result: StepResult): readonly FileInfo[] {
  return (result.ok && result.files) || [];
}

function toFailed(result: StepResult, failure: Failure): StepResult {
  const { startedAt, endedAt, durationMs, metrics } = result;
  return { ok: false, failure, startedAt, endedAt, durationMs, metrics };
}

function unavailable(what: string, error: unknown): Failure {
  return { code: "FILES_UNAVAILABLE", message: `${what}: ${(error as Error).message}` };
}

function filesFull(bytes: number): Failure {
  const message = `The step's files are ${bytes} bytes, and other jobs and uploads have meanwhile taken what was left of the limit of all files (PLAYGROUND_FILES_LIMIT).`;
  return { code: "FILES_FULL", message };
}
