import { readFileSync } from "node:fs";
import { certificatesProblem, isKeyOf, privateKeyProblem } from "../domain/client-certificate.ts";

/** The certificates of all authorities that Node trusts are 220 KB. */
const MAX_BYTES = 4 << 20;

/** The file's text. The error's message continues "it ". */
export function readCertificates(path: string): string {
  return readPem(path, certificatesProblem);
}

/** The file's text. The error's message continues "it ". */
export function readPrivateKey(path: string): string {
  return readPem(path, privateKeyProblem);
}

/** Why a client certificate and its key do not belong together, as issues of the settings. */
export function keyIssues({
  clientCertFile: cert,
  clientKeyFile: key,
}: {
  readonly clientCertFile?: string | undefined;
  readonly clientKeyFile?: string | undefined;
}): readonly { readonly path: readonly [string]; readonly message: string }[] {
  if (cert === undefined && key === undefined) return [];
  if (cert === undefined) {
    const message = "must be set if PLAYGROUND_CLIENT_KEY_FILE is set";
    return [{ path: ["clientCertFile"], message }];
  }
  if (key === undefined) {
    const message = "must be set if PLAYGROUND_CLIENT_CERT_FILE is set";
    return [{ path: ["clientKeyFile"], message }];
  }
  if (isKeyOf({ cert, key })) return [];
  const message = "must be the key of the certificate in PLAYGROUND_CLIENT_CERT_FILE";
  return [{ path: ["clientKeyFile"], message }];
}

function readPem(path: string, problemOf: (text: string) => string | null): string {
  const text = read(path);
  const problem = problemOf(text);
  if (problem !== null) throw new Error(problem);
  return text;
}

function read(path: string): string {
  let content: Buffer;
  try {
    content = readFileSync(path);
  } catch (error) {
    throw new Error(`must be a file that can be read (${(error as NodeJS.ErrnoException).code})`, {
      cause: error,
    });
  }
  if (content.length > MAX_BYTES) throw new Error("must be a file of at most 4 MiB");
  return content.toString("utf8");
}
