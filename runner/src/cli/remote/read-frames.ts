/** One message of a stream of server-sent events. */
export interface Frame {
  readonly id: string | null;
  readonly event: string;
  readonly data: string;
}

/** Yields the messages as they arrive. Leaving the loop ends the request. */
export async function* readFrames(response: Response): AsyncGenerator<Frame> {
  if (response.body === null) return;
  let rest = "";
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    rest += chunk;
    const blocks = rest.split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const lines = block.split("\n");
      const valueOf = (name: string): string | null =>
        lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? null;
      const data = valueOf("data");
      if (data !== null) yield { id: valueOf("id"), event: valueOf("event") ?? "message", data };
    }
  }
}
