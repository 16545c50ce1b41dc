import { toReachable } from "./address-file.ts";

/**
 * The URL of the console that logs in the browser that opens it first. The key is in the fragment,
 * which browsers do not send, so that no proxy logs it.
 */
export function toLoginLink(url: string, key: string): string {
  return `${toReachable(url).replace(/\/*$/, "/")}#key=${key}`;
}
