import { toJsonText, type JsonText } from "../../domain/json-text.ts";
import type { StoredFile } from "../../ports/store/files.ts";
import type { StoredFile as FileView } from "../contract/files.ts";
import { instantText, jsonFields } from "./json-fields.ts";

export function fileText(file: StoredFile, url: (fileId: string) => string): JsonText {
  return jsonFields<FileView>({
    fileId: toJsonText(file.id),
    name: toJsonText(file.name),
    type: toJsonText(file.type),
    size: toJsonText(file.size),
    sha256: toJsonText(file.sha256),
    jobId: toJsonText(file.jobId),
    createdAt: instantText(file.createdAt),
    expiresAt: instantText(file.expiresAt),
    url: toJsonText(url(file.id)),
  });
}
