/**
 * `process.exit` in a thread ends the thread alone; `process.kill(process.pid)` would end the daemon,
 * and look like its operator's own signal.
 */
export function refuseToKillTheDaemon(): void {
  const kill = process.kill.bind(process);
  // 0 is the daemon's process group, -1 every process there is.
  const refused = new Set([process.pid, -process.pid, 0, -1]);
  process.kill = (pid, signal) => {
    if (signal !== 0 && refused.has(pid)) {
      throw new Error(
        `process.kill(${pid}) would end the daemon: throw to fail the step, or process.exit() to end its thread`,
      );
    }
    return kill(pid, signal);
  };
}
