/** Passes errors on as data: out of a thread, a subclass of Error would arrive as a plain Error. */
import { Defect, Transient } from "../../domain/errors.ts";
import { CannotOpen } from "../cannot-open.ts";

export interface ErrorData {
  readonly type: "transient" | "defect" | "cannot-open";
  readonly code: string;
  readonly message: string;
}

/** Any other error than these three is a defect. */
export function toErrorData(error: unknown): ErrorData {
  if (error instanceof CannotOpen) {
    return { type: "cannot-open", code: error.code, message: error.message };
  }
  if (error instanceof Transient || error instanceof Defect) {
    const type = error instanceof Transient ? "transient" : "defect";
    return { type, code: error.code, message: error.message };
  }
  const message = error instanceof Error ? error.message : String(error);
  return { type: "defect", code: "STORE_FAILED", message: `The store failed: ${message}` };
}

export function toError({ type, code, message }: ErrorData): Error {
  switch (type) {
    case "transient":
      return new Transient(code, message);
    case "defect":
      return new Defect(code, message);
    case "cannot-open":
      return new CannotOpen(code as CannotOpen["code"], message);
  }
}
