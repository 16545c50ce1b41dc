/** Flags that commands for a running daemon share. */
import { toEnvName } from "../../config.ts";
import { CLIENT_SETTINGS } from "../../startup/client-settings.ts";

const { url, tokenFile, dataDir } = CLIENT_SETTINGS.shape;

/** Where the daemon is. `config.ts` reads them. */
export const CONNECTION = {
  url: { value: "URL", variable: toEnvName("url"), description: url.description ?? "" },
  "token-file": {
    value: "FILE",
    variable: toEnvName("tokenFile"),
    description: tokenFile.description ?? "",
  },
  "data-dir": {
    value: "FOLDER",
    variable: toEnvName("dataDir"),
    description: dataDir.description ?? "",
  },
} as const;

export const AS_JSON = {
  json: { description: "Prints the daemon's response as JSON, with whole values." },
} as const;

const TIMES = {
  iso: { description: "Shows times in ISO 8601, with the offset of this machine." },
  utc: { description: "Shows times in ISO 8601, in UTC." },
} as const;

/** Of commands that show something. */
export const SHOWING = { ...AS_JSON, ...TIMES, ...CONNECTION } as const;

/** Of commands that change something. */
export const ACTING = { ...AS_JSON, ...CONNECTION } as const;

export const LIMIT = {
  limit: {
    value: "NUMBER",
    range: [1, 10_000],
    description: "How many to show at most. Default: 20.",
  },
} as const;

export const SINCE_HELP =
  "`90s`, `30m`, `2h` or `7d` ago, or a time such as `2026-11-23T09:30:00Z`";
