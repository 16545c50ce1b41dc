export interface StreamFrame {
  readonly id: string | null;
  readonly event: string;
  readonly data: string;
}

/** Yields the frames of a server-sent event stream as they arrive. Leaving the loop ends the request. */
export async function* readFrames(response: Response): AsyncGenerator<StreamFrame> {
  if (response.body === null) return;
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of response.body) {
    rest += decoder.decode(chunk as Uint8Array, { stream: true });
    const blocks = rest.split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const field = (name: string): string | null =>
        new RegExp(`^${name}: (.*)$`, "m").exec(block)?.[1] ?? null;
      const data = field("data");
      if (data !== null) yield { id: field("id"), event: field("event") ?? "message", data };
    }
  }
}
