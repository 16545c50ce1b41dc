import { sqlState } from "./store-error.ts";

const POOLER =
  "A pooler gives this session's connection to others. Let it keep a connection for each session (PgBouncer: pool_mode = session)";

/** What to do about each code of PostgreSQL (SQLSTATE), Node or OpenSSL. */
const HINTS: Readonly<Record<string, string>> = {
  "28P01": "Correct the user or the password in the URL",
  "28000":
    "Correct the user in the URL, add sslmode=require to it if the server wants encryption, or allow this host in the server's pg_hba.conf",
  "3D000": "Create the database, or correct its name in the URL",
  "42501": "Give the user the right to create and use tables, as the owner of the database has",
  "55P03":
    "Another session uses the tables, such as pg_dump or a daemon. Start again when it has ended; pg_stat_activity shows it",
  "57014":
    "Start again. If that does not help, raise the statement_timeout that the server has for this user or database",
  "53100": "Make room on the server's disk",
  "25006": "Give the address of the primary, or set default_transaction_read_only to off",
  // A prepared statement is there already, or is gone.
  "42P05": POOLER,
  "26000": POOLER,
  "53300": "Raise the server's max_connections: each daemon uses four",
  ECONNREFUSED: "Start PostgreSQL, or correct the host and the port in the URL",
  ENOENT: "Start PostgreSQL, or correct the path in the URL",
  ENOTFOUND: "Correct the host in the URL",
  EAI_AGAIN: "Correct the host in the URL, or see why it cannot be looked up",
  ERR_TLS_CERT_ALTNAME_INVALID:
    "Use the host name of the certificate in the URL, or sslmode=verify-ca, which does not check the name",
};

const CERTIFICATE =
  "Add sslrootcert=FILE to the URL, with the certificate of the server's authority, or use sslmode=require, which does not check it";
/** Codes of OpenSSL for a certificate that is not trusted. */
const CERTIFICATE_CODES = /SELF_SIGNED|UNABLE_TO_(?:GET|VERIFY)|CERT_/;

/** By the message, because these errors have no code. */
const MESSAGES: readonly (readonly [RegExp, string])[] = [
  [
    /does not support SSL/i,
    "Switch SSL on at the server, or use sslmode=disable if the network between is trusted",
  ],
  [/timeout/i, "See whether a firewall drops the packets, and whether the address is right"],
  [/password must be a string/i, "Add the password to the URL"],
];

/** Why the database cannot be opened, and what to do. It ends the message. */
export function whyNotOpened(cause: unknown): string {
  const hint = hintFor(cause);
  return hint === null ? messageOf(cause) : `${messageOf(cause)}. ${hint}.`;
}

/** Node reports several addresses that failed as one error without a message. */
function messageOf(cause: unknown): string {
  if (cause instanceof AggregateError) return cause.errors.map(messageOf).join("; ");
  return cause instanceof Error ? cause.message : String(cause);
}

function hintFor(cause: unknown): string | null {
  if (cause instanceof AggregateError) return hintFor(cause.errors[0]);
  const code = sqlState(cause) ?? (cause as NodeJS.ErrnoException).code ?? "";
  const known = HINTS[code];
  if (known !== undefined) return known;
  if (CERTIFICATE_CODES.test(code)) return CERTIFICATE;
  return MESSAGES.find(([pattern]) => pattern.test(messageOf(cause)))?.[1] ?? null;
}
