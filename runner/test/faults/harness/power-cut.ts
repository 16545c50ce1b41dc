/**
 * A disk whose power is cut: what a sync had it keep is there, and of what was written after that, any
 * part. Blocks of 512 bytes are written whole or not at all.
 */
import {
  closeSync,
  copyFileSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  rmSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { Write } from "./write-trace.ts";

const BLOCK = 512;

export interface Disk {
  /** The write or sync happens. */
  apply(write: Write): void;
  /** Writes into the folder what the disk has after a power cut now. */
  cut(folder: string, random: () => number): void;
}

/** A disk that has kept the files of the folder, which it changes. */
export function createDisk(folder: string, files: readonly string[]): Disk {
  let pending: Write[] = [];
  return {
    apply(write) {
      if (write.kind !== "sync") {
        pending.push(write);
        return;
      }
      const isKept = ({ file }: Write): boolean => file === write.file;
      change(folder, pending.filter(isKept));
      pending = pending.filter((each) => !isKept(each));
    },
    cut(into, random) {
      rmSync(into, { recursive: true, force: true });
      mkdirSync(into);
      for (const file of files) copyFileSync(join(folder, file), join(into, file));
      // Also none of them, and all.
      const share = [0, 1, random(), random()][Math.floor(random() * 4)]!;
      const survivors = pending.filter(() => random() < share);
      change(
        into,
        survivors.flatMap((write) => (random() < 0.1 ? tear(write, random) : [write])),
      );
    },
  };
}

/** Some of the blocks of a write. */
function tear(write: Write, random: () => number): Write[] {
  if (write.kind !== "write") return [write];
  const { offset, data } = write;
  const parts: Write[] = [];
  for (let from = 0; from < data.length;) {
    const to = Math.min(data.length, from + BLOCK - ((offset + from) % BLOCK));
    if (random() < 0.5) {
      parts.push({ ...write, offset: offset + from, data: data.subarray(from, to) });
    }
    from = to;
  }
  return parts;
}

function change(folder: string, writes: readonly Write[]): void {
  for (const [file, ofFile] of Map.groupBy(writes, (write) => write.file)) {
    const descriptor = openSync(join(folder, file), "r+");
    for (const write of ofFile) {
      if (write.kind === "write") {
        writeSync(descriptor, write.data, 0, write.data.length, write.offset);
      } else if (write.kind === "truncate") ftruncateSync(descriptor, write.size);
    }
    closeSync(descriptor);
  }
}
