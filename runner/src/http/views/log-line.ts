import { NULL_JSON, toJsonText, type JsonText } from "../../domain/json-text.ts";
import type { LogEntry } from "../../ports/store/logs.ts";
import type { LogLine } from "../contract/logs.ts";
import { instantText, jsonFields } from "./json-fields.ts";

export function logLineText(line: LogEntry): JsonText {
  return jsonFields<LogLine>({
    number: toJsonText(line.number),
    step: toJsonText(line.step),
    at: instantText(line.at),
    level: toJsonText(line.level),
    message: toJsonText(line.message),
    data: line.data ?? NULL_JSON,
  });
}
