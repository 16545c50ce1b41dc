/** What the exit code says to a script. docs/reference/cli.md lists them. */
export const EXIT_CODES = {
  0: "Success. `start`: SIGTERM, SIGINT or SIGHUP stopped the daemon cleanly.",
  1: "Failure. `start`: the daemon could not start, or a second signal stopped it. `run`: the plugin, or the job, failed. `plugins`: a plugin of the plugins folder is broken. `plugin add`: the package could not be installed, or is not a plugin. `status`: an error is among the problems. `webhooks test`: a sample was not accepted. `check`: a check failed. `backup`, `restore` and `compact`: the database is damaged, newer than this version, or in use. `export`: contents of files are missing. `import`: the file is not whole, the database is not empty, the key is another, or a check failed.",
  2: "A command, flag, setting or input is invalid. The message names it, its value and the valid values.",
  3: "The daemon cannot be reached, or cannot do it now. The same command can succeed later.",
  4: "The daemon refused the request: the token is wrong or its scope too small, nothing has this id, or its state does not allow it.",
} as const;

export type ExitCode = keyof typeof EXIT_CODES;

/** A command that failed for a reason that the message explains. */
export class CommandFailed extends Error {
  override readonly name = "CommandFailed";
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}
