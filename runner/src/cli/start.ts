import { composeDaemon, type Replacements } from "../compose.ts";
import { parseSettings } from "../config.ts";
import { shrinkHeap } from "../system/shrink-heap.ts";

/** Runs the daemon until SIGTERM or SIGINT; a second one, or one before it is there, ends it at once. */
export async function start(
  args: readonly string[],
  replacements: Replacements = {},
): Promise<number> {
  const settings = parseSettings(args);
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  const { promise: signalled, resolve: onSignal } = Promise.withResolvers<NodeJS.Signals>();
  let signals = 0;
  let isOpen = false;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      signals += 1;
      if (signals > 1) process.exit(1);
      // A start may hang, and what it has done so far bears being cut off.
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
      `${signal}: stopping; running plugins get ${settings.graceMs} ms. A second one ends at once.`,
    );
  } finally {
    await daemon.stop();
  }
  return 0;
}
