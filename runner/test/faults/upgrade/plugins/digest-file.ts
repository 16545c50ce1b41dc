/** A step that reads a file in the files folder. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { definePlugin } from "playground-runner/plugin";
import { recordRun } from "./_signs.ts";

export default definePlugin({
  name: "digest-file",
  description: "Digests a file, for the upgrade test.",
  async run(input, { job, options, files, log }) {
    const { file } = input as { file: string };
    recordRun(job.id, (options as { step: number }).step);
    const bytes = await readFile(files.resolve(file));
    log.info("read", { file, bytes: bytes.length });
    return { file, sha256: createHash("sha256").update(bytes).digest("hex") };
  },
});
