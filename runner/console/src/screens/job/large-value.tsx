import { apiUrl, send } from "../../api/request.ts";
import { useResource } from "../../api/resource.ts";
import { Loaded } from "../../parts/loaded.tsx";
import { formatBytes } from "../../parts/numbers.ts";

const SHOWN_BYTES = 64_000;

interface Beginning {
  readonly text: string;
  /** Null when the daemon does not say, because it compresses the response. */
  readonly bytes: number | null;
}

/** The beginning of a value, of which no more is loaded. */
export function LargeValue({ path }: { readonly path: string }) {
  const beginning = useResource(path, (signal) => loadBeginning(path, signal));
  return (
    <Loaded of={beginning} what="the value">
      {({ text, bytes }) => (
        <>
          <pre class="json" tabIndex={0}>
            {text}
          </pre>
          <p class="more faint">
            The first {formatBytes(SHOWN_BYTES)}
            {bytes === null ? "" : ` of ${formatBytes(bytes)}`}. The download has all of it.
          </p>
        </>
      )}
    </Loaded>
  );
}

async function loadBeginning(path: string, signal: AbortSignal): Promise<Beginning> {
  const response = await send(apiUrl(path), { signal });
  const length = response.headers.get("content-length");
  const reader = response.body?.getReader();
  const parts: Uint8Array[] = [];
  let size = 0;
  while (reader !== undefined && size < SHOWN_BYTES) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    size += value.length;
  }
  await reader?.cancel();
  const bytes = new Uint8Array(await new Blob(parts as BlobPart[]).arrayBuffer());
  return {
    text: new TextDecoder().decode(bytes.subarray(0, SHOWN_BYTES)),
    bytes: length === null ? null : Number(length),
  };
}
