import { connect } from "node:net";

export interface WireResponse {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** Sends the bytes unchanged and returns everything received until the other side closes. */
export async function sendBytes(url: string, bytes: string | readonly string[]): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let received = "";
  socket.setEncoding("latin1").on("data", (text: string) => (received += text));
  const closed = new Promise<void>((resolve, reject) => {
    socket.once("close", () => resolve());
    socket.once("error", reject);
  });
  for (const part of [bytes].flat()) socket.write(part, "latin1");
  await closed;
  return received;
}

/** The responses in the received text, in order. Each must have a content-length. */
export function splitResponses(text: string): WireResponse[] {
  const responses: WireResponse[] = [];
  for (let rest = text; rest !== "";) {
    const end = rest.indexOf("\r\n\r\n");
    const head = rest.slice(0, end);
    const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1]);
    if (end < 0 || Number.isNaN(length))
      throw new Error(`Not a response with a content-length: ${rest}`);
    const body = rest.slice(end + 4, end + 4 + length);
    responses.push({ status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]), head, body });
    rest = rest.slice(end + 4 + length);
  }
  return responses;
}
