import { useMemo } from "preact/hooks";
import { layOut } from "./json-layout.ts";
import { formatBytes } from "./numbers.ts";

/** A larger value is shown as the beginning of its text, so that the page opens as fast as with a small one. */
const SHOWN_CHARS = 64_000;

/** JSON from its text, with every number as it was written. */
export function JsonView({ text }: { readonly text: string }) {
  const isLong = text.length > SHOWN_CHARS;
  const tokens = useMemo(() => (isLong ? null : layOut(text)), [text, isLong]);
  return (
    <>
      <pre class="json" tabIndex={0}>
        {tokens === null
          ? text.slice(0, SHOWN_CHARS)
          : tokens.map(({ kind, text: token }, index) =>
              kind === "plain" ? (
                token
              ) : (
                <span key={index} class={kind}>
                  {token}
                </span>
              ),
            )}
      </pre>
      {isLong && (
        <p class="more faint">
          The first {formatBytes(SHOWN_CHARS)} of {formatBytes(text.length)}.
        </p>
      )}
    </>
  );
}
