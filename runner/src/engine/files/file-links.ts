/**
 * Links to the content of files that work without a token, until they expire. Whoever has a link can read
 * the file, and nothing else.
 */
import type { Clock } from "../../ports/clock.ts";
import type { Signer } from "../../ports/signer.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
/** A link that leaked is of use for this long at most. */
const MAX_LINK_MS = 7 * DAY_MS;
/** How a browser treats the content. Part of what is signed, so that no link allows another one. */
const DISPOSITION = "attachment";

export interface FileLinks {
  /** A link that is valid for as long as ended jobs are kept, and at most seven days. */
  url(fileId: string): string;
  /** Why a link is not valid, or null if it is. */
  problem(link: { readonly id: string; readonly exp: string; readonly sig: string }): string | null;
}

export function createFileLinks({
  signer,
  clock,
  fileUrl,
  retentionMs,
}: {
  readonly signer: Signer;
  readonly clock: Pick<Clock, "now">;
  /** The URL of a file's content, without a query. */
  readonly fileUrl: (fileId: string) => string;
  readonly retentionMs: number;
}): FileLinks {
  const lifetimeMs = Math.min(MAX_LINK_MS, retentionMs);
  return {
    url(fileId) {
      const exp = String(Math.ceil((clock.now() + lifetimeMs) / 1000));
      return `${fileUrl(fileId)}?exp=${exp}&sig=${signer.sign(toText(fileId, exp))}`;
    },
    problem({ id, exp, sig }) {
      if (!signer.isSignature(toText(id, exp), sig)) {
        return "The link was changed, or another daemon's key signed it.";
      }
      const expiresAt = Number(exp) * 1000;
      if (clock.now() < expiresAt) return null;
      return `The link expired at ${new Date(expiresAt).toISOString()}.`;
    },
  };
}

function toText(id: string, exp: string): string {
  return `file-content\n${id}\n${exp}\n${DISPOSITION}`;
}
