/** A proxy between a store or daemon and the run's PostgreSQL, which can fail as a network does. */
import { createConnection, createServer, type AddressInfo, type Socket } from "node:net";
import { join } from "node:path";

export interface Proxy {
  /** Leads to the proxy. */
  readonly url: string;
  /** Passes nothing on, in both directions, and answers nothing: a black hole. */
  freeze(): void;
  /** Passes everything on again. What was held back arrives late. */
  thaw(): void;
  /** When a client sends the text, passes it on, and no answer of the server from then on. */
  muteServerAt(text: string): void;
  /** Cuts all connections off. */
  cut(): void;
  close(): Promise<void>;
}

export async function startProxy(url: string): Promise<Proxy> {
  const target = new URL(url);
  const folder = target.searchParams.get("host");
  if (folder === null) throw new Error(`${url} leads to no socket.`);
  const pairs = new Set<{ readonly client: Socket; readonly server: Socket }>();
  let isFrozen = false;
  let isMute = false;
  let muteAt: string | null = null;

  function update({ client, server }: { client: Socket; server: Socket }): void {
    if (isFrozen) client.pause();
    else client.resume();
    if (isFrozen || isMute) server.pause();
    else server.resume();
  }

  const updateAll = (): void => {
    for (const pair of pairs) update(pair);
  };

  function cut(): void {
    for (const { client, server } of pairs) {
      client.destroy();
      server.destroy();
    }
  }

  const listener = createServer((client) => {
    const server = createConnection(join(folder, ".s.PGSQL.5432"));
    const pair = { client, server };
    pairs.add(pair);
    client.on("data", (bytes) => {
      if (muteAt !== null && bytes.includes(muteAt)) {
        isMute = true;
        updateAll();
      }
      server.write(bytes);
    });
    server.on("data", (bytes) => client.write(bytes));
    for (const socket of [client, server]) {
      socket.on("error", () => {});
      socket.on("close", () => {
        // In a black hole the other side does not learn of it.
        if (socket === server && isFrozen) return;
        pairs.delete(pair);
        client.destroy();
        server.destroy();
      });
    }
    update(pair);
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const shown = new URL(url);
  shown.searchParams.set("host", "127.0.0.1");
  shown.searchParams.set("port", String((listener.address() as AddressInfo).port));
  return {
    url: shown.href,
    freeze() {
      isFrozen = true;
      updateAll();
    },
    thaw() {
      isFrozen = false;
      isMute = false;
      muteAt = null;
      updateAll();
    },
    muteServerAt: (text) => void (muteAt = text),
    cut,
    async close() {
      cut();
      await new Promise((resolve) => listener.close(resolve));
    },
  };
}
