import { readFileSync } from "node:fs";

/** A mounted secret is small. A wrong path, such as a device, must not fill the memory. */
const MAX_CHARACTERS = 4096;

/** The file's content without the white space around it. The error's message continues "it ". */
export function readSecretFile(path: string): string {
  let content: string;
  try {
    content = readFileSync(path, "utf8");
  } catch (error) {
    throw new Error(`must be a file that can be read (${(error as NodeJS.ErrnoException).code})`, {
      cause: error,
    });
  }
  const secret = content.trim();
  if (secret === "") throw new Error("must be a file with the secret, but the file is empty");
  if (secret.length > MAX_CHARACTERS) throw new Error("must be a file with nothing but the secret");
  return secret;
}
