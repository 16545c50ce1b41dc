import type { TraceContext } from "../domain/trace-context.ts";

export type Attributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanStart {
  readonly name: string;
  readonly kind: "client" | "consumer" | "internal" | "producer";
  readonly at: number;
  /** The trace that the span belongs to. Null: it begins one. */
  readonly parent: TraceContext | null;
  /** The trace to which a span that begins one belongs as well. It is recorded if that one is. */
  readonly link?: TraceContext | null;
  /** Never an input, an output, a secret or the path of a URL. */
  readonly attributes: Attributes;
}

export interface SpanEnd {
  /** Default: the time since the start is measured. */
  readonly at?: number;
  /** A code: a message can contain what the job is about. */
  readonly error?: string | undefined;
  readonly attributes?: Attributes;
}

export interface Span {
  readonly context: TraceContext;
  end(result?: SpanEnd): void;
}

/** Records spans and exports them. Nothing waits for the export, and none fails with it. */
export interface Tracer {
  start(span: SpanStart): Span;
  /** Exports what was recorded, for as long as it may take. Never rejects. */
  close(): Promise<void>;
}
