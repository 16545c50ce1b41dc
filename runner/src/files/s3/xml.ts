/** The answers of S3, which are small XML documents. */
import { SaxesParser } from "saxes";

export interface BucketObject {
  readonly key: string;
  readonly size: number;
  readonly modifiedAt: number;
}

export interface ListedPage {
  readonly objects: readonly BucketObject[];
  /** For the next page, or null after the last one. */
  readonly next: string | null;
}

/** Throws if the text is no answer to `ListObjectsV2`. */
export function parsePage(text: string): ListedPage {
  const objects: BucketObject[] = [];
  let next: string | null = null;
  let object: Record<string, string> = {};
  const root = eachElement(text, (path, value) => {
    const [, first, second] = path;
    if (first === "Contents" && second !== undefined && path.length === 3) object[second] = value;
    else if (first === "Contents" && path.length === 2) {
      objects.push(toObject(object));
      object = {};
    } else if (first === "NextContinuationToken" && value !== "") next = value;
  });
  if (root !== "ListBucketResult") throw new Error(`the answer is <${root}>, and no list`);
  return { objects, next };
}

/** The code and the message of an error. Null if the text is none. */
export function parseError(
  text: string,
): { readonly code: string; readonly message: string } | null {
  const found: Record<string, string> = {};
  try {
    const root = eachElement(text, ([, name], value) => {
      if (name !== undefined) found[name] = value;
    });
    return root === "Error" ? { code: found["Code"] ?? "", message: found["Message"] ?? "" } : null;
  } catch {
    return null;
  }
}

function toObject({
  Key: key = "",
  Size,
  LastModified = "",
}: Record<string, string>): BucketObject {
  const [size, modifiedAt] = [Number(Size), Date.parse(LastModified)];
  if (Number.isNaN(size) || Number.isNaN(modifiedAt)) {
    throw new Error(`the list has an object without a size or a date: ${JSON.stringify(key)}`);
  }
  return { key, size, modifiedAt };
}

/** Calls back at the end of each element, with its path and its own text. Returns the root's name. */
function eachElement(text: string, onEnd: (path: readonly string[], text: string) => void): string {
  const path: string[] = [];
  const texts: string[] = [];
  let root = "";
  const parser = new SaxesParser();
  parser.on("opentag", ({ name }) => {
    root ||= name;
    path.push(name);
    texts.push("");
  });
  parser.on("text", (more) => {
    if (texts.length > 0) texts.push(texts.pop()! + more);
  });
  parser.on("closetag", () => {
    onEnd(path, texts.pop() ?? "");
    path.pop();
  });
  parser.on("error", (error) => {
    throw error;
  });
  parser.write(text).close();
  return root;
}
