/** In a sandbox: says of each test which probes it hit, in its own thread and in the threads that it starts. */
import { getEnvironmentData, setEnvironmentData } from "node:worker_threads";
import { afterEach } from "vitest";

const KEY = "mutation.probes";
const shared =
  (getEnvironmentData(KEY) as SharedArrayBuffer | undefined) ??
  new SharedArrayBuffer(Number(process.env["MUTATION_PROBES"]));
setEnvironmentData(KEY, shared);
const hits = new Uint8Array(shared);

afterEach(({ task }) => {
  const probes: number[] = [];
  for (const [probe, hit] of hits.entries()) if (hit !== 0) probes.push(probe);
  hits.fill(0);
  (task.meta as { probes?: number[] }).probes = probes;
});
