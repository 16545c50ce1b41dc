/** The life of a load process: a command from the parent, a report back. */
export function answerParent(run: (command: never) => Promise<object>): void {
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
