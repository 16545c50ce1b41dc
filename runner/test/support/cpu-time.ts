/**
 * The processor time of this thread that `run` takes, in ms. A limit for it holds on a machine where
 * other processes run too, as one for the time of day does not.
 */
export async function cpuMsOf(run: () => unknown): Promise<number> {
  const before = process.threadCpuUsage();
  await run();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1000;
}
