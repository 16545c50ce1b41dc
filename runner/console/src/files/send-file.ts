/** Sends a file to the daemon. XMLHttpRequest says how much of it has been sent, which fetch does not. */
import { ApiError, apiUrl, toError } from "../api/request.ts";
import type { File as StoredFile } from "../api/schema.ts";

interface SendOptions {
  /** Whether the daemon keeps it until someone deletes it. */
  readonly keep: boolean;
  readonly onSent: (bytes: number) => void;
  readonly signal: AbortSignal;
}

/** Throws ApiError, or AbortError when aborted. */
export async function sendFile(
  file: File,
  { keep, onSent, signal }: SendOptions,
): Promise<StoredFile> {
  signal.throwIfAborted();
  const response = await put(file, {
    url: apiUrl("/v1/files", { name: file.name, keep }),
    onSent,
    signal,
  });
  if (!response.ok) throw await toError(response);
  return (await response.json()) as StoredFile;
}

function put(
  file: File,
  { url, onSent, signal }: Pick<SendOptions, "onSent" | "signal"> & { readonly url: string },
): Promise<Response> {
  const request = new XMLHttpRequest();
  const stop = (): void => request.abort();
  return new Promise<Response>((resolve, reject) => {
    request.upload.addEventListener("progress", ({ loaded }) => onSent(loaded));
    request.addEventListener("load", () => {
      const { status, statusText, responseText } = request;
      resolve(new Response(responseText, { status, statusText }));
    });
    request.addEventListener("error", () => reject(cutOff(file)));
    request.addEventListener("abort", () => reject(signal.reason as Error));
    signal.addEventListener("abort", stop);
    request.open("PUT", url);
    request.setRequestHeader("accept", "application/json");
    request.setRequestHeader("content-type", file.type || "application/octet-stream");
    request.send(file);
  }).finally(() => signal.removeEventListener("abort", stop));
}

/** A browser says nothing more about a connection that ended, or a file that it could not read. */
function cutOff({ name }: File): ApiError {
  return new ApiError({
    status: 0,
    code: "NO_CONNECTION",
    detail: `The connection ended before all of ${name} had arrived, or the file could not be read.`,
    issues: [],
  });
}
