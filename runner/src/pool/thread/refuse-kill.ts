/**
 * Stops a plugin from killing the daemon. `process.exit` in a thread ends only the thread, but
 * `process.kill(process.pid)` would end the daemon as if its operator had sent the signal.
 */
export function refuseKill(): void {
  const kill = process.kill.bind(process);
  // 0 is the daemon's process group, and -1 is every process.
  const refused = new Set([process.pid, -process.pid, 0, -1]);
  process.kill = (pid, signal) => {
    if (signal !== 0 && refused.has(pid)) {
      throw new Error(
        `process.kill(${pid}) would end the daemon: throw an error to fail the step, or call process.exit() to end its thread`,
      );
    }
    return kill(pid, signal);
  };
}
