/**
 * Finds an executor that sends nothing although it has steps: it is stopped (SIGSTOP), or a plugin
 * has damaged its channel. A healthy one reports its memory at least once a second.
 */
const CHECK_MS = 1_000;
/** Counted in checks, not in time: a daemon that was stopped itself must not blame its executor. */
const CHECK_LIMIT = 30;

export interface SilenceWatch {
  /** Starts the checks, which end when no message is expected. */
  start(): void;
  /** A message has arrived. */
  reset(): void;
  end(): void;
}

export function watchSilence(options: {
  readonly isExpected: () => boolean;
  readonly onSilent: () => void;
}): SilenceWatch {
  let timer: NodeJS.Timeout | undefined;
  let checks = 0;

  function end(): void {
    clearInterval(timer);
    timer = undefined;
  }

  function check(): void {
    if (!options.isExpected()) return end();
    checks += 1;
    if (checks < CHECK_LIMIT) return;
    end();
    options.onSilent();
  }

  return {
    start() {
      if (timer !== undefined) return;
      checks = 0;
      timer = setInterval(check, CHECK_MS);
    },
    reset() {
      checks = 0;
    },
    end,
  };
}
