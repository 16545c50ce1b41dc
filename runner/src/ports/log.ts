/** The part of a pino logger that the engine and the adapters use. */
type Write = (fields: object, message: string) => void;

export interface Log {
  readonly debug: Write;
  readonly info: Write;
  readonly warn: Write;
  readonly error: Write;
  readonly isLevelEnabled: (level: "debug" | "info" | "warn" | "error") => boolean;
}
