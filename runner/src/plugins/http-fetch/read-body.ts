import type { SentResponse } from "./send-request.ts";
import { showUrl } from "../shared/show-url.ts";

export interface ByteBudget {
  readonly max: number;
  used: number;
}

/** The parts of a body. Throws when all bodies together exceed the budget. */
export async function* bodyParts(
  sent: SentResponse,
  budget: ByteBudget,
): AsyncGenerator<Uint8Array> {
  const { response, url, keepAlive, stop } = sent;
  const shown = `url is ${JSON.stringify(showUrl(url))}`;
  const tooLarge = (bytes: string): Error =>
    new Error(`${shown}: its body has ${bytes} bytes. maxBytes is ${budget.max}`);
  const reader = response.body?.getReader();
  let length = 0;
  try {
    const declared = Number(response.headers.get("content-length") ?? 0);
    if (response.body && budget.used + declared > budget.max) throw tooLarge(String(declared));
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true };
      if (done || !value) return;
      keepAlive();
      length += value.length;
      budget.used += value.length;
      if (budget.used > budget.max) throw tooLarge("more");
      yield value;
    }
  } catch (error) {
    if (error instanceof Error && error.message.startsWith(shown)) throw error;
    throw new Error(`${shown}: the connection ended after ${length} bytes of the body`, {
      cause: error,
    });
  } finally {
    stop();
    await reader?.cancel().catch(() => {});
  }
}

export async function readAll(sent: SentResponse, budget: ByteBudget): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of bodyParts(sent, budget)) parts.push(part);
  return Buffer.concat(parts);
}

/** Throws with the beginning of the text if it is not JSON. Keeps integers of any size. */
export function parseJson(bytes: Buffer, url: URL): unknown {
  const text = new TextDecoder().decode(bytes);
  try {
    return JSON.parse(text, keepInteger);
  } catch (cause) {
    throw new Error(
      `url is ${JSON.stringify(showUrl(url))}: its body must be JSON, but begins with ${JSON.stringify(text.slice(0, 80))}`,
      { cause },
    );
  }
}

function keepInteger(_: string, value: unknown, context?: { source?: string }): unknown {
  const { source = "" } = context ?? {};
  const isRounded =
    typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(source);
  return isRounded ? BigInt(source) : value;
}

const JSON_TYPE = /^\s*[\w.-]+\/(?:[\w.-]+\+)?json\b/i;
const TEXT_TYPE =
  /^\s*(?:text\/|[\w.-]+\/(?:[\w.-]+\+)?(?:xml|javascript|csv|x-www-form-urlencoded)\b)/i;

export function decodeBody(
  bytes: Buffer,
  wanted: "auto" | "json" | "text" | "base64",
  { response, url }: SentResponse,
): unknown {
  if (bytes.length === 0) return null;
  const type = response.headers.get("content-type") ?? "";
  const found = JSON_TYPE.test(type) ? "json" : TEXT_TYPE.test(type) ? "text" : "base64";
  const form = wanted === "auto" ? found : wanted;
  if (form === "json") return parseJson(bytes, url);
  if (form === "base64") return bytes.toString("base64");
  return decodeText(bytes, /charset\s*=\s*"?([\w.:-]+)/i.exec(type)?.[1] ?? "utf-8");
}

function decodeText(bytes: Buffer, charset: string): string {
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes);
  }
}
