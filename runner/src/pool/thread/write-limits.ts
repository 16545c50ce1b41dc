/** The limits of what one step writes. */
export interface WriteLimits {
  begin(name: string): {
    /** Call it with the file's bytes so far. Throws if they are over a limit. */
    readonly check: (bytes: number) => void;
    /** The file could not be written: its bytes no longer count. */
    readonly failed: () => void;
  };
}

export function createWriteLimits(
  { fileLimitBytes, signal }: { readonly fileLimitBytes: number; readonly signal: AbortSignal },
  stepLimitBytes: number,
): WriteLimits {
  let total = 0;
  return {
    begin(name) {
      let counted = 0;
      function count(bytes: number): void {
        total += bytes - counted;
        counted = bytes;
      }
      return {
        check(bytes) {
          signal.throwIfAborted();
          count(bytes);
          const problem = whyTooMuch();
          if (problem !== null) throw new Error(`The file ${JSON.stringify(name)} ${problem}`);
        },
        failed: () => count(0),
      };

      function whyTooMuch(): string | null {
        if (counted > fileLimitBytes) {
          return `is over ${fileLimitBytes} bytes, which is the limit (PLAYGROUND_FILE_LIMIT).`;
        }
        return total > stepLimitBytes
          ? `does not fit: the step can write ${stepLimitBytes} bytes of files. That is what is left of the job's limit (PLAYGROUND_JOB_FILES_LIMIT) or of the limit of all files (PLAYGROUND_FILES_LIMIT).`
          : null;
      }
    },
  };
}
