/** What keeps the daemon from starting and whoever starts it can mend: told in a line, without a stack. */
import { toEnvName, type Settings } from "../config.ts";

/** The message says what is in the way and what to do about it. */
export class CannotStart extends Error {
  override readonly name = "CannotStart";
}

/** The data folder could not be made, read or written. */
export function cannotUseDataDir(cause: unknown, { dataDir }: Settings): CannotStart {
  return wrongSetting("dataDir", dataDir, {
    right: "a folder that the daemon may write to, or a path where it may make one",
    cause,
  });
}

/** The plugins' folder is there and cannot be read. */
export function cannotReadPluginsDir(cause: unknown, { pluginsDir }: Settings): CannotStart {
  return wrongSetting("pluginsDir", pluginsDir, {
    right: "a folder that the daemon may read; one that is not there yet is looked for again",
    cause,
  });
}

/** What listening fails with when the host is not one to listen on. */
const HOST_CODES: ReadonlySet<unknown> = new Set([
  "EADDRNOTAVAIL",
  "EAI_AGAIN",
  "EINVAL",
  "ENOTFOUND",
]);

/** The server could not listen. An error that is not the host's or the port's is given back as it is. */
export function cannotListen(cause: unknown, { host, port }: Settings): unknown {
  const { code } = cause as NodeJS.ErrnoException;
  if (code === "EADDRINUSE") {
    const right = `a port of ${host} that no other program listens on; 0 takes any free one`;
    return wrongSetting("port", port, { right, cause });
  }
  if (code === "EACCES") {
    const right = "a port that this user may listen on, such as one above 1023";
    return wrongSetting("port", port, { right, cause });
  }
  if (HOST_CODES.has(code)) {
    return wrongSetting("host", host, { right: "an address or name of this machine", cause });
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
