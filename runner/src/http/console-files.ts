/** The files of the built console, in memory. Only names that were read can be found, so no name leaves the folder. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { extname } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

const ENCODINGS = ["br", "gzip"] as const;
export type Encoding = (typeof ENCODINGS)[number];

export interface ConsoleFile {
  readonly type: string;
  readonly body: Buffer;
  /** Weak, because the encodings of a file share it. */
  readonly etag: string;
  /** Compresses at the first call. Null when the file does not get smaller. */
  encoded(encoding: Encoding): Promise<Buffer | null>;
}

export interface ConsoleFiles {
  /** Null when the console is not built. */
  index(): ConsoleFile | null;
  asset(name: string): ConsoleFile | null;
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".woff2": "font/woff2",
};

/** Level 11 makes the files 3 % smaller and takes ten times as long. */
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } };
const COMPRESS: Readonly<Record<Encoding, (body: Buffer) => Promise<Buffer>>> = {
  br: (body) => promisify(brotliCompress)(body, BROTLI),
  gzip: (body) => promisify(gzip)(body, { level: 9 }),
};

interface Build {
  readonly index: ConsoleFile;
  readonly assets: ReadonlyMap<string, ConsoleFile>;
}

/** Reads the build in `dir` at the first call, and again when its page was replaced. */
export function createConsoleFiles(dir: URL): ConsoleFiles {
  const page = new URL("index.html", dir);
  let version: string | null = null;
  let build: Build | null = null;

  function current(): Build | null {
    const stats = statSync(page, { bigint: true, throwIfNoEntry: false });
    const now = stats === undefined ? null : `${stats.ino} ${stats.mtimeNs}`;
    if (now !== version) build = now === null ? null : readBuild(dir, page);
    version = now;
    return build;
  }

  return {
    index: () => current()?.index ?? null,
    asset: (name) => current()?.assets.get(name) ?? null,
  };
}

function readBuild(dir: URL, page: URL): Build {
  const folder = new URL("assets/", dir);
  const names = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
  return {
    index: readFile(page),
    assets: new Map(
      names.map(({ name }) => [name, readFile(new URL(encodeURIComponent(name), folder))]),
    ),
  };
}

function readFile(path: URL): ConsoleFile {
  const body = readFileSync(path);
  const encoded = new Map<Encoding, Promise<Buffer | null>>();
  return {
    type: TYPES[extname(path.pathname)] ?? "application/octet-stream",
    body,
    etag: `W/"${createHash("sha256").update(body).digest("base64url").slice(0, 22)}"`,
    encoded(encoding) {
      const known = encoded.get(encoding);
      if (known !== undefined) return known;
      const made = COMPRESS[encoding](body).then((small) =>
        small.length < body.length ? small : null,
      );
      encoded.set(encoding, made);
      return made;
    },
  };
}

/** The best encoding that the client accepts, or null. */
export function acceptedEncoding(header: string | string[] | undefined): Encoding | null {
  const ranges = String(header ?? "")
    .toLowerCase()
    .split(",")
    .map((range) => range.trim());
  const accepts = (encoding: string): boolean =>
    ranges.some((range) => {
      const [name = "", weight = ""] = range.split(/\s*;\s*/);
      return name === encoding && !/^q=0(?:\.0*)?$/.test(weight);
    });
  return ENCODINGS.find(accepts) ?? null;
}
