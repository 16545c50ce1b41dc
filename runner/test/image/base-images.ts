/**
 * The images that the Dockerfile begins with. They are pulled. Where no registry of images can be
 * reached, they are made of packages of Debian and npm, with the same parts.
 */
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { build, importFolder, podman } from "./podman.ts";

const run = promisify(execFile);

const NODE = "docker.io/library/node:24.21.0-bookworm-slim";

/** What distroless/cc consists of. */
const RUNTIME = ["libc6", "libgcc-s1", "libstdc++6", "base-files", "netbase", "tzdata"];

/** Provides each image that a FROM of the Dockerfile names. */
export async function provideBaseImages(dockerfile: string): Promise<void> {
  const text = await readFile(dockerfile, "utf8");
  for (const [, image = ""] of text.matchAll(/^FROM (\S+)/gm)) {
    if (await exists(image)) continue;
    const isPulled = await podman("pull", "--quiet", image).then(
      () => true,
      () => false,
    );
    if (!isPulled) await makerOf(image)(image);
  }
}

function makerOf(image: string): (image: string) => Promise<void> {
  if (image.includes("distroless")) return makeRuntime;
  return image.includes("n8n") ? makeN8n : makeNode;
}

async function exists(image: string): Promise<boolean> {
  return podman("image", "exists", image).then(
    () => true,
    () => false,
  );
}

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "playground-image-"));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function debianMirror(): Promise<string> {
  const { stdout } = await run("apt-cache", ["policy", "bash"]);
  const mirror = /https?:\/\/\S+/.exec(stdout)?.[0];
  if (mirror === undefined) throw new Error("apt-cache names no mirror: run apt-get update first");
  return mirror;
}

/** Debian with Node and npm. */
async function makeNode(image: string): Promise<void> {
  await inFolder(async (folder) => {
    const debian = join(folder, "debian");
    await run("debootstrap", ["--variant=minbase", "bookworm", debian, await debianMirror()], {
      maxBuffer: 64 * 1024 * 1024,
    });
    await importFolder(debian, "localhost/debian:bookworm-slim");
    const local = join(folder, "local");
    await mkdir(join(local, "bin"), { recursive: true });
    await cp(process.execPath, join(local, "bin/node"), { dereference: true });
    await run("npm", ["install", "--global", `--prefix=${local}`, "npm@11"]);
    const lines = ["FROM localhost/debian:bookworm-slim", "COPY local/ /usr/local/"];
    const certificates = process.env["NODE_EXTRA_CA_CERTS"];
    if (certificates !== undefined) {
      // A proxy between this machine and the registry has a certificate of its own.
      await cp(certificates, join(local, "machine-ca.pem"), { dereference: true });
      lines.push("ENV NODE_EXTRA_CA_CERTS=/usr/local/machine-ca.pem");
    }
    await writeFile(join(folder, "Dockerfile"), `${lines.join("\n")}\n`);
    await build(folder, image);
  });
}

/** The C library and the C++ library, without a shell. */
async function makeRuntime(image: string): Promise<void> {
  await inFolder(async (folder) => {
    await run("apt-get", ["download", "-qq", ...RUNTIME], { cwd: folder });
    const root = join(folder, "root");
    await mkdir(root);
    await run("sh", ["-c", 'for file in *.deb; do dpkg-deb -x "$file" root; done'], {
      cwd: folder,
    });
    await rm(join(root, "usr/share/doc"), { recursive: true });
    await run("chmod", ["1777", join(root, "tmp")]);
    await importFolder(root, image);
  });
}

/**
 * Node with what n8n's image has around n8n: tini, the user `node` and the command. n8n itself, of
 * two gigabytes, must be mounted at /n8n.
 */
async function makeN8n(image: string): Promise<void> {
  await inFolder(async (folder) => {
    const lines = [
      `FROM ${NODE}`,
      "RUN apt-get update && apt-get install -y --no-install-recommends tini",
      "RUN useradd --uid 1000 --create-home node && install --directory --owner=node /home/node/.n8n",
      "RUN ln -s /n8n/node_modules/n8n/bin/n8n /usr/local/bin/n8n",
      "ENV HOME=/home/node",
      "USER node",
      "WORKDIR /home/node",
    ];
    await writeFile(join(folder, "Dockerfile"), `${lines.join("\n")}\n`);
    await build(folder, image);
  });
}
