import { composeDaemon, type Replacements } from "../compose.ts";
import { parseSettings } from "../config.ts";

/** Runs the daemon until SIGTERM or SIGINT; a second one ends it at once. */
export async function start(
  args: readonly string[],
  replacements: Replacements = {},
): Promise<number> {
  const settings = parseSettings(args);
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  const { promise: signalled, resolve: onSignal } = Promise.withResolvers<NodeJS.Signals>();
  let signals = 0;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      signals += 1;
      if (signals > 1) process.exit(1);
      onSignal(signal);
    });
  }
  const daemon = await composeDaemon(settings, say, replacements);
  try {
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
