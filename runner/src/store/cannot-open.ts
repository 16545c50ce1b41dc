/** The database cannot be used as it is. The operator must act. */
export class CannotOpen extends Error {
  override readonly name = "CannotOpen";
  readonly code: CannotOpenCode;

  constructor(code: CannotOpenCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export type CannotOpenCode =
  | "STORE_IN_USE"
  | "STORE_TOO_NEW"
  | "STORE_TOO_OLD"
  /** An import needs an empty one. */
  | "STORE_NOT_EMPTY"
  | "STORE_UNREADABLE"
  /** No answer from the database's server, or it refused the connection. */
  | "STORE_UNREACHABLE"
  /** The server's version, or its role as a standby. */
  | "STORE_UNSUPPORTED";
