import { connect, type Socket, type TcpNetConnectOpts } from "node:net";

/** RFC 8305 §5 recommends 250 ms between two attempts. */
const ATTEMPT_DELAY_MS = 250;
/** As undici's own connector has it. */
const HIGH_WATER_MARK = 64 * 1024;
const KEEP_ALIVE_DELAY_MS = 60_000;

export interface SocketTarget {
  readonly addresses: readonly string[];
  readonly port: number;
  /** Ends all attempts, and the promise rejects with its reason. Later it destroys the socket. */
  readonly signal: AbortSignal;
}

/**
 * Connects to the address that accepts first ("happy eyeballs"). Node's own `autoSelectFamily` ends
 * an attempt when it starts the next, so a host with a slow handshake and a dead second address
 * cannot be reached. Rejects with the error of each address.
 */
export function openSocket({ addresses, port, signal }: SocketTarget): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const waiting = [...new Set(addresses)];
  const attempts = new Set<Socket>();
  const errors: NodeJS.ErrnoException[] = [];
  let timer: NodeJS.Timeout | undefined;

  function startNext(): void {
    clearTimeout(timer);
    const host = waiting.shift();
    if (host === undefined) return;
    const options = { host, port, highWaterMark: HIGH_WATER_MARK };
    const socket = connect(options as TcpNetConnectOpts);
    attempts.add(socket);
    socket.once("connect", () => {
      socket.off("error", onError);
      attempts.delete(socket);
      end();
      signal.addEventListener("abort", () => socket.destroy(), { once: true });
      resolve(socket.setNoDelay(true).setKeepAlive(true, KEEP_ALIVE_DELAY_MS));
    });
    const onError = (error: Error): void => {
      attempts.delete(socket);
      errors.push(error);
      if (waiting.length > 0) startNext();
      else if (attempts.size === 0) fail(toOneError(errors));
    };
    socket.once("error", onError);
    if (waiting.length > 0) timer = setTimeout(startNext, ATTEMPT_DELAY_MS);
  }

  function end(): void {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
    waiting.length = 0;
    for (const socket of attempts) socket.destroy();
  }

  function fail(error: unknown): void {
    end();
    reject(error);
  }

  const onAbort = (): void => fail(signal.reason);
  if (signal.aborted) onAbort();
  else {
    signal.addEventListener("abort", onAbort, { once: true });
    startNext();
  }
  return promise;
}

function toOneError(errors: readonly NodeJS.ErrnoException[]): Error {
  const [first] = errors;
  if (first !== undefined && errors.length === 1) return first;
  return Object.assign(new AggregateError(errors, ""), { code: first?.code });
}
