/** Writes zip archives byte by byte, including broken and hostile ones. */
import { crc32, deflateRawSync } from "node:zlib";

export interface CraftedEntry {
  readonly name: string | Buffer;
  readonly data?: Buffer | string;
  /** The data as stored in the archive, if it is not `data` deflated. */
  readonly packed?: Buffer;
  readonly method?: number;
  /** The size that the archive claims. */
  readonly claimedBytes?: number;
  readonly flags?: number;
  /** The Unix mode, such as 0o120777 for a link. */
  readonly mode?: number;
  readonly crc?: number;
  readonly dosDate?: number;
  readonly extra?: Buffer;
  /** Uses the data of the entry with this index. */
  readonly sharesDataWith?: number;
}

const UTF8 = 0x800;

export function craftZip(entries: readonly CraftedEntry[]): Buffer {
  const parts: Buffer[] = [];
  const central: Buffer[] = [];
  const offsets: number[] = [];
  let offset = 0;
  for (const entry of entries) {
    const name = Buffer.from(entry.name as string);
    const data = Buffer.from((entry.data ?? "") as string);
    const method = entry.method ?? 8;
    const packed = entry.packed ?? (method === 8 ? deflateRawSync(data) : data);
    const extra = entry.extra ?? Buffer.alloc(0);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(entry.flags ?? (typeof entry.name === "string" ? UTF8 : 0), 2);
    fields.writeUInt16LE(method, 4);
    fields.writeUInt16LE(0x6000, 6);
    fields.writeUInt16LE(entry.dosDate ?? 0x5c21, 8);
    fields.writeUInt32LE(entry.crc ?? crc32(data), 10);
    fields.writeUInt32LE(packed.length, 14);
    fields.writeUInt32LE(entry.claimedBytes ?? data.length, 18);
    fields.writeUInt16LE(name.length, 22);
    fields.writeUInt16LE(extra.length, 24);
    const shared = entry.sharesDataWith === undefined ? null : offsets[entry.sharesDataWith]!;
    offsets.push(shared ?? offset);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(((entry.mode ?? 0) << 16) >>> 0, 6);
    tail.writeUInt32LE(shared ?? offset, 10);
    central.push(Buffer.from("504b01021403", "hex"), fields, tail, name, extra);
    if (shared !== null) continue;
    const local = [Buffer.from("504b0304", "hex"), fields, name, extra, packed];
    parts.push(...local);
    offset += local.reduce((sum, { length }) => sum + length, 0);
  }
  const list = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write("504b0506", 0, "hex");
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(list.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, list, end]);
}
