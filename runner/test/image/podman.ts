/**
 * Builds and runs images with podman and buildah, in a storage of its own, so that the images of
 * the machine's user stay as they are. The options are those that work without systemd, user
 * namespaces and a bridge: on a developer's machine, in CI, and in a container.
 */
import { execFile, spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

const CACHE = join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "playground-image");
const STORAGE = [
  `--root=${join(CACHE, "storage")}`,
  `--runroot=${join(CACHE, "run")}`,
  "--storage-driver=vfs",
];
const ENGINE = [...STORAGE, "--runtime=runc", "--cgroup-manager=cgroupfs"];
/** The defaults are higher than a container may set that is itself in a container. */
const LIMITS = ["--ulimit=nofile=4096:4096", "--ulimit=nproc=4096:4096"];

/** Returns what podman needs and this machine does not have, or null. */
export async function missingPart(...further: string[]): Promise<string | null> {
  if (process.getuid?.() !== 0) return "the rights of root";
  for (const command of ["podman", "buildah", "runc", "debootstrap", ...further]) {
    const found = await run("sh", ["-c", `command -v ${command}`]).catch(() => null);
    if (found === null) return `the command ${command} (Debian's package of that name)`;
  }
  return null;
}

export async function podman(...args: string[]): Promise<string> {
  mkdirSync(CACHE, { recursive: true });
  const { stdout } = await run("podman", [...ENGINE, ...args], { maxBuffer: 64 * 1024 * 1024 });
  return stdout.trim();
}

/** Builds the folder's Dockerfile, or the named file. The build uses the network of the machine. */
export async function build(folder: string, tag: string, file = "Dockerfile"): Promise<void> {
  const options = ["--format=docker", "--isolation=chroot", "--network=host"];
  const args = [...STORAGE, "bud", "--quiet", ...options, `--tag=${tag}`, `--file=${file}`, "."];
  await run("buildah", args, { cwd: folder, maxBuffer: 64 * 1024 * 1024 });
}

/** Runs podman-compose in the folder. Returns what it printed. */
export async function compose(
  folder: string,
  env: Readonly<Record<string, string>>,
  ...args: string[]
): Promise<string> {
  await writeFile(
    join(CACHE, "containers.conf"),
    `[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\n[containers]\ndefault_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]\n`,
  );
  await writeFile(
    join(CACHE, "storage.conf"),
    `[storage]\ndriver = "vfs"\ngraphroot = "${CACHE}/storage"\nrunroot = "${CACHE}/run"\n`,
  );
  const { stdout, stderr } = await run("podman-compose", args, {
    cwd: folder,
    env: {
      ...process.env,
      ...env,
      CONTAINERS_CONF: join(CACHE, "containers.conf"),
      CONTAINERS_STORAGE_CONF: join(CACHE, "storage.conf"),
    },
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout + stderr;
}

/** Makes an image of the files in a folder. */
export async function importFolder(folder: string, tag: string): Promise<void> {
  const tar = spawn("tar", ["-C", folder, "-c", "."], { stdio: ["ignore", "pipe", "inherit"] });
  const importing = spawn("podman", [...ENGINE, "import", "--quiet", "-", tag], {
    stdio: [tar.stdout, "ignore", "inherit"],
  });
  const { promise, resolve } = Promise.withResolvers<number | null>();
  importing.once("exit", resolve);
  const code = await promise;
  if (code !== 0) throw new Error(`podman import of ${tag} ended with ${code}`);
}

export interface Container {
  readonly name: string;
  /** Everything that it printed. */
  logs(): Promise<string>;
  exec(...command: string[]): Promise<string>;
  /** Sends SIGTERM, and SIGKILL after 30 s. Returns the exit code. */
  stop(): Promise<number>;
  kill(): Promise<void>;
  /** The exit code, when it has ended. */
  exitCode(): Promise<number>;
}

let count = 0;

/** Starts a container in the network of the machine. `options` are those of `podman run`. */
export async function start(
  image: string,
  options: readonly string[],
  command: readonly string[] = [],
): Promise<Container> {
  const name = `playground-${process.pid}-${++count}`;
  const flags = ["--detach", `--name=${name}`, "--network=host", ...LIMITS, ...options];
  await podman("run", ...flags, image, ...command);
  return {
    name,
    async logs() {
      const args = [...ENGINE, "logs", name];
      const { stdout, stderr } = await run("podman", args, { maxBuffer: 64 * 1024 * 1024 });
      return stdout + stderr;
    },
    exec: (...args) => podman("exec", name, ...args),
    async stop() {
      await podman("stop", "--time=30", name);
      return Number(await podman("wait", name));
    },
    async kill() {
      await podman("kill", name);
      await podman("wait", name);
    },
    exitCode: async () => Number(await podman("wait", name)),
  };
}

/** Ends and removes what `start` has started, with its anonymous volumes. */
export async function remove(container: Container): Promise<void> {
  await podman("rm", "--force", "--volumes", container.name);
}
