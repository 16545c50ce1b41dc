import { createHmac, createSecretKey, hkdfSync, timingSafeEqual } from "node:crypto";
import type { Signer } from "../ports/signer.ts";

const KEY_BYTES = 32;

/** Signs with HMAC-SHA256. The key is derived from the vault's, for this purpose only. */
export function createSigner(vaultKey: Buffer, purpose: string): Signer {
  const derived = hkdfSync("sha256", vaultKey, "", `playground ${purpose}`, KEY_BYTES);
  const key = createSecretKey(Buffer.from(derived));
  const digest = (text: string): Buffer => createHmac("sha256", key).update(text).digest();
  return {
    sign: (text) => digest(text).toString("base64url"),
    isSignature(text, signature) {
      const given = Buffer.from(signature, "base64url");
      const right = digest(text);
      return given.length === right.length && timingSafeEqual(given, right);
    },
  };
}
