import { hasUncertainParts } from "../store/postgres/mask-url.ts";

const PROTOCOLS: ReadonlySet<string> = new Set(["postgres:", "postgresql:"]);
const EXAMPLE = "postgres://USER:PASSWORD@HOST:5432/DATABASE";
const SSL_MODES: ReadonlySet<string | null> = new Set([
  null,
  "disable",
  "require",
  "verify-ca",
  "verify-full",
]);

/** Returns the URL. An error's message continues "it ", and never quotes the URL, which can contain a password. */
export function parseDatabaseUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !PROTOCOLS.has(url.protocol)) {
    throw new Error(
      `must be a URL such as ${EXAMPLE}, in which special characters of the password are percent-encoded`,
    );
  }
  if (hasUncertainParts(text, url)) {
    throw new Error(
      `must be a URL such as ${EXAMPLE}, without \`#\` and with one \`@\`: write \`#\` in a password or parameter as %23, \`@\` as %40, \`/\` as %2F and \`?\` as %3F`,
    );
  }
  const mode = url.searchParams.get("sslmode");
  if (!SSL_MODES.has(mode)) {
    throw new Error(
      `must have an sslmode of disable, require, verify-ca or verify-full, and not ${JSON.stringify(mode)}`,
    );
  }
  if (mode === "verify-ca" && !url.searchParams.has("sslrootcert")) {
    throw new Error(
      "must have sslrootcert, the path of a PEM file, because sslmode is verify-ca. For a server whose certificate is of a public authority use verify-full",
    );
  }
  return text;
}

/** The size of a PostgreSQL does not fall when rows are deleted: all jobs would go, one after the other. */
export function sizeLimitIssues(values: {
  readonly databaseUrl?: string | undefined;
  readonly retentionMaxBytes?: number | undefined;
}): readonly { readonly path: readonly [string]; readonly message: string }[] {
  if (values.databaseUrl === undefined || values.retentionMaxBytes === undefined) return [];
  const message =
    "must be left out if PLAYGROUND_DATABASE_URL is set: PostgreSQL does not tell the size without deleted rows. PLAYGROUND_RETENTION_MAX_JOBS limits the number of jobs";
  return [{ path: ["retentionMaxBytes"], message }];
}
