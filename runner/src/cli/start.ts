import { composeDaemon, type Replacements } from "../compose.ts";
import { parseSettings } from "../config.ts";
import { createLineOutput } from "../system/line-output.ts";
import { shrinkHeap } from "../system/shrink-heap.ts";

/** Runs the daemon until SIGTERM, SIGINT or SIGHUP, which a closed terminal sends. A second signal, or one during the start, ends it immediately. */
export async function start(
  args: readonly string[],
  replacements: Replacements = {},
): Promise<number> {
  const settings = parseSettings(args);
  const output = createLineOutput(process.stdout);
  const say = (line: string): void => output.write(`${line}\n`);
  const { promise: signalled, resolve: onSignal } = Promise.withResolvers<NodeJS.Signals>();
  let signals = 0;
  let isOpen = false;
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    process.on(signal, () => {
      signals += 1;
      if (signals > 1) process.exit(1);
      // A start can hang, and it is safe to interrupt.
      if (!isOpen) process.exit(0);
      onSignal(signal);
    });
  }
  const daemon = await composeDaemon(settings, say, replacements);
  isOpen = true;
  try {
    shrinkHeap();
    say(`Playground ${daemon.version} listening on ${await daemon.listen()}`);
    const signal = await signalled;
    say(
      `${signal}: stopping. Running plugins get ${settings.graceMs} ms to end. A second signal ends the daemon immediately.`,
    );
  } finally {
    await daemon.stop();
  }
  return 0;
}
