import { createSocket, type RemoteInfo } from "node:dgram";

export interface DnsServer {
  /** `address:port`, for a resolver's list of servers. */
  readonly address: string;
  /** The name in each A query, in order. */
  readonly asked: readonly string[];
  close(): Promise<void>;
}

const A = 1;
const AAAA = 28;
const HEADER_BYTES = 12;
/** QR, RD and RA: a response to a recursive query. */
const ANSWER_FLAGS = 0x8180;
/** A pointer to the question's name. */
const NAME_POINTER = 0xc00c;

/**
 * A real DNS server on loopback. `answer` gives the addresses for an A query, or null for no response.
 * AAAA queries get an empty response, or none with `dropsAaaa`.
 */
export async function startDnsServer(
  answer: (name: string) => readonly string[] | null,
  { dropsAaaa = false }: { dropsAaaa?: boolean } = {},
): Promise<DnsServer> {
  const socket = createSocket("udp4");
  const asked: string[] = [];
  socket.on("message", (query: Buffer, from: RemoteInfo) => {
    const { name, end } = readName(query);
    const type = query.readUInt16BE(end);
    if (type === A) asked.push(name);
    const addresses = type === A ? answer(name) : type === AAAA && !dropsAaaa ? [] : null;
    if (addresses !== null) {
      socket.send(toAnswer(query.subarray(0, end + 4), addresses), from.port, from.address);
    }
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  return {
    address: `127.0.0.1:${socket.address().port}`,
    asked,
    close: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

function readName(query: Buffer): { name: string; end: number } {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += length + 1;
  }
  return { name: labels.join("."), end: at + 1 };
}

function toAnswer(question: Buffer, addresses: readonly string[]): Buffer {
  const header = Buffer.from(question);
  header.writeUInt16BE(ANSWER_FLAGS, 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(addresses.length, 6);
  header.writeUInt32BE(0, 8);
  const records = addresses.map((address) => {
    const record = Buffer.alloc(16);
    record.writeUInt16BE(NAME_POINTER, 0);
    record.writeUInt16BE(A, 2);
    record.writeUInt16BE(1, 4);
    record.writeUInt32BE(0, 6);
    record.writeUInt16BE(4, 10);
    record.set(address.split(".").map(Number), 12);
    return record;
  });
  return Buffer.concat([header, ...records]);
}
