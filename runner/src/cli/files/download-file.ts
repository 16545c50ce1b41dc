import { randomUUID } from "node:crypto";
import { createWriteStream, existsSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { BadSetting } from "../../config.ts";
import { getFile, getFileContent } from "../../http/contract/files.ts";
import type { Given } from "../command-contract.ts";
import type { downloadFile as contract } from "../contract/files.ts";
import { openOutput } from "../output.ts";
import { connect } from "../remote/connect.ts";

export async function downloadFile(given: Given<typeof contract>): Promise<number> {
  const { to, force } = given.flags;
  const client = await connect(given);
  const params = { id: given.arguments.ID };
  const name = to ?? toFileName((await client.call(getFile, { params })).body().name);
  const path = resolve(name);
  if (to !== "-" && !force && existsSync(path)) {
    throw new BadSetting(
      `${to === undefined ? "The file's name" : "--to"} is "${name}", which already exists. Choose another one with --to, or use --force to replace it.`,
    );
  }
  const { body } = await client.open(getFileContent, { params });
  const source = body === null ? Readable.from([]) : Readable.fromWeb(body);
  if (to === "-") {
    await pipeline(source, process.stdout, { end: false });
    return 0;
  }
  await store(source, path);
  openOutput().note(`Stored ${path}.`);
  return 0;
}

/** The file gets its name when it is whole. */
async function store(source: Readable, path: string): Promise<void> {
  const part = `${path}.${randomUUID()}.part`;
  try {
    await pipeline(source, createWriteStream(part, { flags: "wx" }));
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

/** A name that the sender of the file chose must not lead to another folder, or be hidden. */
function toFileName(name: string): string {
  // oxlint-disable-next-line no-control-regex -- names of files on Windows cannot have them
  return name.replaceAll(/[/\\:*?"<>|\u0000-\u001f]/g, "_").replace(/^\.+/, "_");
}
