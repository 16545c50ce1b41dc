import { randomInt } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

/** Systems give ports above these to connections and to servers on port 0. */
const FROM = 15_000;
const TO = 32_000;

const given = new Set<number>();

/**
 * A port of the loopback address for a program that cannot choose one itself. Nobody else gets it
 * before the program listens, nor while the program is down: no connection or server on port 0 does,
 * and this process gives a port once.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FROM, TO);
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
}

export async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EADDRINUSE") return false;
    throw error;
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}
