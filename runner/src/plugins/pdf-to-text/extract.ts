import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import type { PageText, Report, Task } from "./protocol.ts";

/** Less than a plugin thread has, so that a PDF that needs more fails alone, with a sentence. */
const MAX_HEAP_MB = 400;

interface ExtractOptions {
  readonly task: Task;
  /** `file is "a.pdf"`: what errors begin with. */
  readonly field: string;
  readonly signal: AbortSignal;
  readonly onPage: (page: PageText, selected: number) => void;
}

export type Extracted = Pick<
  Extract<Report, { type: "open" }>,
  "pageCount" | "selected" | "metadata"
> &
  Pick<Extract<Report, { type: "end" }>, "truncated">;

export async function extract(options: ExtractOptions): Promise<Extracted> {
  const { task, field, signal, onPage } = options;
  signal.throwIfAborted();
  const worker = new Worker(new URL(`./read-pdf${extname(import.meta.url)}`, import.meta.url), {
    workerData: task,
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
    // pdf.js writes to the console that it cannot draw.
    stdout: true,
    stderr: true,
  });
  worker.stdout.resume();
  worker.stderr.resume();
  const stop = (): void => void worker.terminate();
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await new Promise<Extracted>((resolve, reject) => {
      let opened: Extract<Report, { type: "open" }> | null = null;
      worker.on("message", (report: Report) => {
        if (report.type === "open") opened = report;
        else if (report.type === "page") onPage(report.page, opened!.selected);
        else if (report.type === "end") {
          const { pageCount, selected, metadata } = opened!;
          resolve({ pageCount, selected, metadata, truncated: report.truncated });
        } else reject(toError(report.name, report.message, { field, task }));
      });
      worker.on("error", (error: Error & { code?: string }) =>
        reject(
          error.code === "ERR_WORKER_OUT_OF_MEMORY"
            ? new Error(
                `${field}: reading it needs more than ${MAX_HEAP_MB} MB. Choose fewer pages`,
              )
            : error,
        ),
      );
      worker.on("exit", () => {
        reject(signal.aborted ? (signal.reason as Error) : new Error(`${field}: the reader ended`));
      });
    });
  } finally {
    signal.removeEventListener("abort", stop);
    await worker.terminate();
  }
}

function toError(
  name: string,
  message: string,
  { field, task }: Pick<ExtractOptions, "field" | "task">,
): Error {
  if (name === "PasswordException") {
    return new Error(
      task.password === null
        ? `${field}: the PDF is encrypted. Give its password in the option password`
        : `${field}: the PDF is encrypted, and the option password is not its password`,
    );
  }
  return new Error(`${field}: the PDF is damaged or incomplete (${message})`);
}
