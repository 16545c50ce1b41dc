import { once } from "node:events";
import { createReadStream } from "node:fs";
import { basename, resolve } from "node:path";
import { Readable } from "node:stream";
import { BadSetting } from "../../config.ts";
import { uploadFile as route } from "../../http/contract/files.ts";
import type { Given } from "../command-contract.ts";
import type { uploadFile as contract } from "../contract/files.ts";
import { indentJson } from "../exact-json.ts";
import { openOutput } from "../output.ts";
import { connect } from "../remote/connect.ts";

export async function uploadFile(given: Given<typeof contract>): Promise<number> {
  const { flags, arguments: args } = given;
  const path = args.FILE === "-" ? null : resolve(args.FILE);
  const source = path === null ? process.stdin : await openSource(path);
  const client = await connect(given);
  const answer = await client.call(route, {
    query: {
      name: flags.name ?? (path === null ? "stdin" : basename(path)),
      keep: flags.keep ? "true" : "false",
    },
    rawBody: Readable.toWeb(source) as ReadableStream<Uint8Array>,
    ...(flags.type !== undefined && { headers: { "content-type": flags.type } }),
  });
  openOutput().print(flags.json ? await indentJson(answer.text) : answer.body().fileId);
  return 0;
}

/** Throws `BadSetting` if there is nothing to read, before anything is sent. */
async function openSource(path: string): Promise<Readable> {
  const stream = createReadStream(path);
  try {
    await once(stream, "open");
  } catch (error) {
    const { message } = error as Error;
    throw new BadSetting(`FILE is "${path}": it must be a file that can be read (${message}).`, {
      cause: error,
    });
  }
  return stream;
}
