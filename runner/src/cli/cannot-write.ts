import { BadSetting } from "../config.ts";

/** Explains an error of the file system. Other errors are returned unchanged. */
export function cannotWrite(error: unknown, file: string): unknown {
  const { syscall, message } = error as NodeJS.ErrnoException;
  if (syscall === undefined || error instanceof BadSetting) return error;
  const right = "a file in a folder that you can write to";
  return new BadSetting(`FILE is "${file}": it must be ${right} (${message}).`, { cause: error });
}
