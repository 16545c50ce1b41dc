/** Runs each command that the parent sends, and sends its report back. */
export function reportToParent(run: (command: never) => Promise<object>): void {
  process.on("message", (command) => {
    void run(command as never).then(
      (report) => process.send?.(report),
      (error: unknown) => {
        process.stderr.write(`${String(error)}\n`);
        process.exit(1);
      },
    );
  });
  process.on("disconnect", () => process.exit());
}
