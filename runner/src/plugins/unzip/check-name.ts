const MAX_NAME_BYTES = 1024;
const MAX_PART_BYTES = 255;
const MAX_DEPTH = 64;

/** Returns the name without `.`, empty parts and the slash at the end. Throws if it is not safe. */
export function checkName(name: string, field: string): string {
  const refuse = (reason: string): never => {
    const shown = name.length > 200 ? `${name.slice(0, 200)}…` : name;
    throw new Error(`${field}: the entry ${JSON.stringify(shown)} ${reason}`);
  };
  if (/^[/\\]|^[A-Za-z]:/.test(name)) {
    refuse("has an absolute path. It must have a path inside the folder that it is unpacked into.");
  }
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) {
    refuse('has ".." in its path. It must have a path inside the folder that it is unpacked into.');
  }
  if (parts.length === 0) refuse("has no name. It must have one.");
  if (/\p{Cc}/u.test(name)) {
    refuse("has a control character in its name. It must have a name without one.");
  }
  if (parts.length - 1 > MAX_DEPTH) {
    refuse(`is ${parts.length - 1} folders deep. It must be at most ${MAX_DEPTH} deep.`);
  }
  const long = parts.some((part) => Buffer.byteLength(part) > MAX_PART_BYTES);
  if (long || Buffer.byteLength(name) > MAX_NAME_BYTES) {
    refuse(
      `has a name that is too long. The path must have at most ${MAX_NAME_BYTES} bytes, and each part ${MAX_PART_BYTES}.`,
    );
  }
  return parts.join("/");
}
