/**
 * Startup errors that the operator can fix. They are printed on one line, without a stack trace.
 */
import { toEnvName, type Settings } from "../config.ts";

/** The message says what is wrong and how to fix it. */
export class CannotStart extends Error {
  override readonly name = "CannotStart";
}

/** The data folder cannot be created, read or written. */
export function cannotUseDataDir(cause: unknown, { dataDir }: Settings): CannotStart {
  return wrongSetting("dataDir", dataDir, {
    right: `a folder that the daemon can write to, or a path where it can create one${howToOwn(cause)}`,
    cause,
  });
}

/** In a container, a folder of the host that was mounted often belongs to another user. */
function howToOwn(cause: unknown): string {
  const { code } = cause as NodeJS.ErrnoException;
  if (code !== "EACCES" || process.getuid === undefined) return "";
  const owner = `${process.getuid()}:${process.getgid?.()}`;
  return `, such as one that \`chown ${owner} FOLDER\` gives to its user`;
}

/** The plugins folder exists but cannot be read. */
export function cannotReadPluginsDir(cause: unknown, { pluginsDir }: Settings): CannotStart {
  return wrongSetting("pluginsDir", pluginsDir, {
    right: "a folder that the daemon can read, or a path where no file exists yet",
    cause,
  });
}

/** Error codes of `listen` when the host is not an address of this machine. */
const HOST_CODES: ReadonlySet<unknown> = new Set([
  "EADDRNOTAVAIL",
  "EAI_AGAIN",
  "EINVAL",
  "ENOTFOUND",
]);

/** Explains why the server cannot listen. Returns other errors unchanged. */
export function cannotListen(cause: unknown, { host, port }: Settings): unknown {
  const { code } = cause as NodeJS.ErrnoException;
  if (code === "EADDRINUSE") {
    const right = `a port of ${host} that no other program uses, or 0 for any free port`;
    return wrongSetting("port", port, { right, cause });
  }
  if (code === "EACCES") {
    const right = "a port that this user is allowed to listen on, such as one above 1023";
    return wrongSetting("port", port, { right, cause });
  }
  if (HOST_CODES.has(code)) {
    return wrongSetting("host", host, { right: "an address or host name of this machine", cause });
  }
  return cause;
}

function wrongSetting(
  key: keyof Settings,
  value: string | number,
  { right, cause }: { right: string; cause: unknown },
): CannotStart {
  const why = cause instanceof Error ? cause.message : String(cause);
  const given = JSON.stringify(String(value));
  return new CannotStart(`${toEnvName(key)} is ${given}: it must be ${right} (${why}).`, { cause });
}
