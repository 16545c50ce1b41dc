import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SHARE_ENV, Worker } from "node:worker_threads";
import { definePlugin } from "playground-runner/plugin";

const NAME = "LEFT_BEHIND";

/** The ways to leave a variable behind. Some go past `process.env` itself. */
const WAYS: Readonly<Record<string, () => void | Promise<void>>> = {
  set: () => void (process.env[NAME] = "yes"),
  define: () =>
    void Object.defineProperty(process.env, NAME, {
      value: "yes",
      configurable: true,
      enumerable: true,
      writable: true,
    }),
  delete: () => void delete process.env["GIVEN"],
  replace: () => void (process.env = { [NAME]: "yes" }),
  file() {
    const folder = mkdtempSync(join(tmpdir(), "playground-env-"));
    writeFileSync(join(folder, ".env"), `${NAME}=yes`);
    process.loadEnvFile(join(folder, ".env"));
    rmSync(folder, { recursive: true });
  },
  async worker() {
    const worker = new Worker(`process.env.${NAME} = "yes";`, { eval: true, env: SHARE_ENV });
    await once(worker, "exit");
  },
};

export default definePlugin({
  name: "sets-environment",
  description: "Changes the environment, in the way that the input names.",
  async run(input) {
    await WAYS[input as string]?.();
    return null;
  },
});
