/** Reads the wire format of Protocol Buffers: https://protobuf.dev/programming-guides/encoding/ */

export interface Message {
  has(field: number): boolean;
  /** The last value of a number; 0 without one. */
  number(field: number): bigint;
  text(field: number): string;
  hex(field: number): string;
  messages(field: number): Message[];
}

type Value = bigint | Buffer;

const [VARINT, FIXED64, BYTES, FIXED32] = [0, 1, 2, 5];

export function readMessage(bytes: Buffer): Message {
  const fields = new Map<number, Value[]>();
  let at = 0;
  function varint(): bigint {
    let number = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes.readUInt8(at);
      at += 1;
      number |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return number;
    }
  }
  function take(length: number): Buffer {
    at += length;
    return bytes.subarray(at - length, at);
  }
  function value(type: number): Value {
    if (type === VARINT) return varint();
    if (type === FIXED64) return take(8).readBigUInt64LE();
    if (type === FIXED32) return BigInt(take(4).readUInt32LE());
    if (type === BYTES) return take(Number(varint()));
    throw new Error(`There is no wire type ${type}.`);
  }
  while (at < bytes.length) {
    const tag = Number(varint());
    const field = tag >> 3;
    fields.set(field, [...(fields.get(field) ?? []), value(tag & 7)]);
  }
  const buffers = (field: number): Buffer[] =>
    (fields.get(field) ?? []).filter((each) => typeof each !== "bigint");
  return {
    has: (field) => fields.has(field),
    number: (field) => (fields.get(field) ?? []).findLast((each) => typeof each === "bigint") ?? 0n,
    text: (field) => buffers(field).at(-1)?.toString() ?? "",
    hex: (field) => buffers(field).at(-1)?.toString("hex") ?? "",
    messages: (field) => buffers(field).map(readMessage),
  };
}
