/**
 * Stops a plugin from killing its process or the daemon. `process.exit` in a thread ends only the
 * thread, but `process.kill(process.pid)` would end every step of the process.
 */
export function refuseKill(): void {
  const kill = process.kill.bind(process);
  // 0 is the process group, -1 is every process, and the parent is the daemon.
  const refused = new Set([process.pid, -process.pid, process.ppid, -process.ppid, 0, -1]);
  process.kill = (pid, signal) => {
    if (signal !== 0 && refused.has(pid)) {
      throw new Error(
        `process.kill(${pid}) would end the daemon or the process that runs plugins: throw an error to fail the step, or call process.exit() to end its thread`,
      );
    }
    return kill(pid, signal);
  };
}
