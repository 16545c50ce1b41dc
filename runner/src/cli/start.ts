import { composeDaemon, type Replacements } from "../compose.ts";
import type { Settings } from "../config.ts";
import { createLineOutput } from "../system/line-output.ts";
import { shrinkHeap } from "../system/shrink-heap.ts";

interface StartOptions extends Replacements {
  /** Called when the daemon accepts requests. */
  readonly onListening?: (url: string) => void;
}

/** Runs the daemon until SIGTERM, SIGINT or SIGHUP, which a closed terminal sends. A second signal, or one during the start, ends it immediately. */
export async function start(
  settings: Settings,
  { onListening = () => {}, ...replacements }: StartOptions = {},
): Promise<number> {
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
    const url = await daemon.listen();
    say(`Playground ${daemon.version} listening on ${url}`);
    onListening(url);
    // Only for a person: whoever collects the output could log in with the link.
    if (process.stderr.isTTY) {
      process.stderr.write(
        `To open the console, use this link once, within ten minutes:\n  ${daemon.loginLink()}\n`,
      );
    }
    const signal = await signalled;
    say(
      `${signal}: stopping. Running plugins get ${settings.graceMs} ms to end. A second signal ends the daemon immediately.`,
    );
  } finally {
    await daemon.stop();
  }
  return 0;
}
