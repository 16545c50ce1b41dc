import type { ClientSettings } from "../../config.ts";
import { createClient, type Client } from "./client.ts";
import { findDaemon } from "./find-daemon.ts";

/** A client of the daemon that the flags, the environment or the data folder name. */
export async function connect(given: { clientSettings(): ClientSettings }): Promise<Client> {
  return createClient(await findDaemon(given.clientSettings()));
}
