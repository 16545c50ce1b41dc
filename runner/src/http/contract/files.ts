import { z } from "zod";
import { MAX_FILE_NAME } from "../../domain/file.ts";
import { IdParams, Instant, JobId, PageQuery, pageOf } from "./fields.ts";
import { defineRoute, type ResponseContract } from "./route-contract.ts";
import { SAMPLE_FILE } from "./file-samples.ts";

export const StoredFile = z
  .object({
    fileId: z.string().describe('The file\'s id. JSON refers to it as `{"$file": "file_…"}`.'),
    name: z.string().describe("As its sender chose it. It is not a path."),
    type: z.string().describe("The media type that its sender claimed."),
    size: z.int().min(0).describe("In bytes."),
    sha256: z.string().describe("SHA-256 of the content, in lower-case hex."),
    jobId: JobId.nullable().describe(
      "The job whose plugin wrote it. Null if a client uploaded it, or the job was deleted.",
    ),
    createdAt: Instant,
    expiresAt: Instant.nullable().describe(
      "When the file is deleted, unless a job's input or options refer to it: then it is deleted with that job. Null: it is deleted with its job or, without a job, never.",
    ),
    url: z
      .string()
      .describe(
        "Link to the content, which works without a token. It expires after the retention period, and after seven days at the latest.",
      ),
  })
  .meta({ id: "File", examples: [SAMPLE_FILE] });

export type StoredFile = z.infer<typeof StoredFile>;

export const uploadFile = defineRoute({
  operationId: "uploadFile",
  method: "PUT",
  path: "/v1/files",
  tag: "files",
  summary: "Upload a file",
  description:
    'The body is the file\'s content, of any media type. It is written to disk as it arrives, and the response comes when it is safe there. An input refers to the file as `{"$file": "file_…"}`. Files with the same content share its bytes.',
  access: "run",
  query: z.strictObject({
    name: z
      .string()
      .min(1)
      .max(MAX_FILE_NAME)
      .default("file")
      .describe("The file's name, such as `report.pdf`. It is shown and sent with the content."),
    keep: z
      .enum(["true", "false"])
      .default("false")
      .describe(
        "`true`: the file is kept until it is deleted. Otherwise it is deleted after the retention period, but not before the last job that refers to it.",
      ),
  }),
  headers: {
    "Content-Type": {
      description: "The file's media type. Default: `application/octet-stream`.",
      example: "text/csv",
    },
    "Content-Digest": {
      description:
        "The content's SHA-256 (RFC 9530). Content with another one is refused. `Repr-Digest` and the older `Digest: sha-256=…` mean the same.",
      example: "sha-256=:LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=:",
    },
  },
  rawBody: "The file's content.",
  responses: {
    201: {
      description: "The file is stored.",
      schema: StoredFile,
      headers: { Location: "Path of the file." },
    },
  },
  refusals: ["FILE_TOO_LARGE", "FILES_FULL", "FILES_UNAVAILABLE", "DIGEST_MISMATCH", "STOPPING"],
});

export const listFiles = defineRoute({
  operationId: "listFiles",
  method: "GET",
  path: "/v1/files",
  tag: "files",
  summary: "List files, newest first",
  access: "read",
  query: z.strictObject({
    job: z
      .string()
      .min(1)
      .max(100)
      .optional()
      .describe("Only files that this job wrote, or that its input or options refer to."),
    ...PageQuery,
  }),
  responses: {
    200: { description: "A page of files.", schema: pageOf(StoredFile).meta({ id: "FileList" }) },
  },
  refusals: ["BODY_INVALID"],
});

export const getFile = defineRoute({
  operationId: "getFile",
  method: "GET",
  path: "/v1/files/:id",
  tag: "files",
  summary: "Get a file's name, type and size, and a new link to its content",
  access: "read",
  params: IdParams,
  responses: { 200: { description: "The file.", schema: StoredFile } },
  refusals: ["FILE_NOT_FOUND"],
});

export const removeFile = defineRoute({
  operationId: "removeFile",
  method: "DELETE",
  path: "/v1/files/:id",
  tag: "files",
  summary: "Delete a file that no job needs",
  access: "admin",
  params: IdParams,
  responses: { 204: { description: "The file is deleted." } },
  refusals: ["FILE_NOT_FOUND", "FILE_IN_USE"],
});

const content = {
  path: "/v1/files/:id/content",
  tag: "files",
  access: "read",
  isSigned: true,
  params: IdParams,
  query: z.strictObject({
    exp: z.string().max(20).optional().describe("When the link expires, in seconds since 1970."),
    sig: z.string().max(100).optional().describe("The link's signature, in place of a token."),
  }),
  refusals: [
    "BODY_INVALID",
    "FILE_NOT_FOUND",
    "FILES_UNAVAILABLE",
    "LINK_INVALID",
    "RANGE_NOT_SATISFIABLE",
  ],
} as const;

const contentHeaders = {
  ETag: "The content's SHA-256, in quotes.",
  "Content-Disposition": "`attachment`, with the file's name.",
};

function contentResponses(otherBodies: ResponseContract["otherBodies"]) {
  const body = otherBodies === undefined ? {} : { otherBodies };
  return {
    200: { description: "The content.", ...body, headers: contentHeaders },
    206: {
      description: "The part that the `Range` header asks for.",
      ...body,
      headers: { ...contentHeaders, "Content-Range": "The part, and the size of the whole." },
    },
    304: { description: "The client has the content already, by its `If-None-Match`." },
  };
}

export const getFileContent = defineRoute({
  ...content,
  operationId: "getFileContent",
  method: "GET",
  summary: "Download a file",
  description:
    "With a token, or with the link that `url` of a file and references in events contain. A browser saves the content and never shows it. One range of bytes can be asked for.",
  headers: {
    Range: { description: "The part to send.", example: "bytes=0-1023" },
    "If-None-Match": {
      description: "The ETag of the content that the client has.",
      example: '"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"',
    },
  },
  responses: contentResponses({ "application/octet-stream": "The content, as its own type." }),
});

export const headFileContent = defineRoute({
  ...content,
  operationId: "headFileContent",
  method: "HEAD",
  summary: "Get the headers of a download",
  responses: contentResponses(undefined),
});
