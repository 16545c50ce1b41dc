import { finished } from "node:stream";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { parseRange, type ByteRange } from "../../domain/byte-range.ts";
import { Refused } from "../../domain/errors.ts";
import { fileNameProblem, type FileInfo } from "../../domain/file.ts";
import type { FileLinks } from "../../engine/files/file-links.ts";
import type { Engine } from "../../engine/engine.ts";
import type { ContentStream } from "../../ports/file-contents.ts";
import type { Store } from "../../ports/store/store.ts";
import { contentHeaders, etagOf, matchesEtag } from "../content-headers.ts";
import {
  getFile,
  getFileContent,
  headFileContent,
  listFiles,
  removeFile,
  uploadFile,
} from "../contract/files.ts";
import { parseDigest } from "../digest-header.ts";
import { mount, sendJson } from "../mount.ts";
import { unreadTimeoutMsOf } from "../raw-responses.ts";
import { rateOverMsOf } from "../receive-body.ts";
import { receiveFile } from "../receive-file.ts";
import { createTransfers } from "../transfers.ts";
import { declaredSize, fileTypeOf } from "../upload-headers.ts";
import { fileText } from "../views/file.ts";
import { pageText } from "../views/json-fields.ts";

export interface FilesDeps {
  readonly engine: Pick<Engine, "files">;
  readonly reads: Pick<Store, "files">;
  readonly settings: { readonly maxRequests: number; readonly requestTimeoutMs: number };
  /** Aborted when the server closes. */
  readonly closing: AbortSignal;
}

/** More downloads at a time would only share the disk and the network. */
const MAX_DOWNLOADS = 256;

export function registerFiles(app: FastifyInstance, deps: FilesDeps): void {
  const { files } = deps.engine;
  const toUrl = (id: string): string => files.links.url(id);
  registerUpload(app, deps);

  mount(app, listFiles, async ({ query: { job, limit, cursor = null } }, reply) => {
    const filter = job === undefined ? {} : { jobId: job };
    const page = await deps.reads.files(filter, { limit, cursor });
    return sendJson(
      reply,
      pageText(page, (file) => fileText(file, toUrl)),
    );
  });

  mount(app, getFile, async ({ params }, reply) =>
    sendJson(reply, fileText(await files.get(params.id), toUrl)),
  );

  mount(app, removeFile, async (request, reply) => {
    await files.remove(request.params.id, request.caller?.name ?? null);
    return reply.code(204).send();
  });

  const downloads = createTransfers(MAX_DOWNLOADS, "downloads");
  const onUnread = unreadTimeoutMsOf(deps.settings);
  // Before GET: Fastify's own HEAD route would read the whole content.
  mount(app, headFileContent, async ({ params }, reply) => {
    const answer = answerFor(await files.get(params.id), reply);
    return reply.send(answer === null ? undefined : "");
  });
  mount(app, getFileContent, async ({ params }, reply) => {
    const file = await files.get(params.id);
    const answer = answerFor(file, reply);
    if (answer === null) return reply.send();
    // Called at once if the client has gone already.
    finished(reply.raw, downloads.begin());
    const stream = endAtClose(await files.read(file, answer.range), deps.closing);
    // The disk's work is not done in the slot of a request, which a slow client would keep.
    reply.request.releaseSlot?.();
    reply.raw.setTimeout(onUnread);
    return reply.send(stream);
  });
}

/** A client that is cut off goes on with a range. One that reads slowly would keep the daemon from stopping. */
function endAtClose(stream: ContentStream, closing: AbortSignal): ContentStream {
  const end = (): void => void stream.destroy(new Refused("STOPPING"));
  finished(stream, () => closing.removeEventListener("abort", end));
  closing.addEventListener("abort", end, { once: true });
  if (closing.aborted) end();
  return stream;
}

/** Sets the status and the headers. Null if there is no content to send. Throws `Refused`: RANGE_NOT_SATISFIABLE. */
function answerFor(
  file: FileInfo,
  reply: FastifyReply,
): { readonly range: ByteRange | null } | null {
  const { headers } = reply.request;
  if (!reply.hasHeader("cache-control")) reply.header("cache-control", "private, no-cache");
  if (matchesEtag(headers["if-none-match"], etagOf(file))) {
    reply.code(304).header("etag", etagOf(file));
    return null;
  }
  const isSame = headers["if-range"] === undefined || headers["if-range"] === etagOf(file);
  const range = isSame ? parseRange(headers.range, file.size) : null;
  if (range === "unsatisfiable") {
    reply.header("content-range", `bytes */${file.size}`);
    const detail = `Range is ${JSON.stringify(headers.range)}: the file has ${file.size} bytes.`;
    throw new Refused("RANGE_NOT_SATISFIABLE", detail);
  }
  reply.headers(contentHeaders(file));
  if (range === null) {
    reply.header("content-length", file.size);
    return { range };
  }
  reply
    .code(206)
    .header("content-range", `bytes ${range.start}-${range.end}/${file.size}`)
    .header("content-length", range.end - range.start + 1);
  return { range };
}

/** In a context of its own, because bodies of other routes are parsed as JSON. */
function registerUpload(app: FastifyInstance, deps: FilesDeps): void {
  const { maxRequests, requestTimeoutMs } = deps.settings;
  const { files } = deps.engine;
  const uploads = createTransfers(Math.max(1, Math.floor(maxRequests / 4)), "uploads");
  const rateOverMs = rateOverMsOf(requestTimeoutMs);
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, payload, done) => done(null, payload));
    mount(scope, uploadFile, async (request, reply) => {
      const { name, keep } = request.query;
      checkName(name);
      const upload = {
        name,
        keep: keep === "true",
        type: fileTypeOf(request.headers),
        sha256: parseDigest(request.headers),
        size: declaredSize(request.headers),
      };
      const end = uploads.begin();
      try {
        const body = receiveFile(request, { rateOverMs, closing: deps.closing });
        const file = await files.upload(upload, body);
        reply.code(201).header("location", `/v1/files/${file.id}`);
        return sendJson(
          reply,
          fileText(file, (id) => files.links.url(id)),
        );
      } finally {
        end();
      }
    });
  });
}

function checkName(name: string): void {
  const problem = fileNameProblem(name);
  if (problem === null) return;
  const message = `is ${JSON.stringify(name)}: it ${problem}`;
  throw new Refused("BODY_INVALID", `The query's /name ${message}.`, {
    issues: [{ path: "/name", message }],
  });
}

/** Checks the link of a request for a file's content. */
export function createLinkCheck(links: Pick<FileLinks, "problem">) {
  return ({ params, query }: FastifyRequest): void => {
    const { id } = params as { id: string };
    const { exp, sig } = query as { exp?: unknown; sig?: unknown };
    const problem = links.problem({ id, exp: String(exp), sig: String(sig) });
    if (problem === null) return;
    throw new Refused("LINK_INVALID", `${problem} GET /v1/files/${id} gives a new one.`);
  };
}
