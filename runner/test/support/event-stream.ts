export interface StreamFrame {
  readonly id: string | null;
  readonly event: string;
  readonly data: string;
}

/** The frames of a server-sent event stream as they come; leaving the loop ends the request. */
export async function* readFrames(answer: Response): AsyncGenerator<StreamFrame> {
  if (answer.body === null) return;
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of answer.body) {
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
