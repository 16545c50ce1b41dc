import { z } from "zod";
import { httpUrl } from "./setting-types.ts";
import { SETTINGS } from "./settings.ts";

/** What a command needs to reach a running daemon. The rest is in its data folder, on the same machine. */
export const CLIENT_SETTINGS = z.object({
  url: httpUrl
    .optional()
    .describe("URL of the daemon. Default: where the daemon of the data folder listens."),
  token: SETTINGS.shape.token,
  tokenFile: SETTINGS.shape.tokenFile.describe(
    "File that contains the token. Default: `PLAYGROUND_TOKEN`, or the token in the data folder.",
  ),
  dataDir: SETTINGS.shape.dataDir.describe("Data folder of a daemon on this machine."),
});
