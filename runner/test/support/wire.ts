import { connect } from "node:net";

export interface WireAnswer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** Sends the bytes as they are and gives all that comes back until the other side closes. */
export async function exchange(url: string, bytes: string | readonly string[]): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let answer = "";
  socket.setEncoding("latin1").on("data", (text: string) => (answer += text));
  const closed = new Promise<void>((resolve, reject) => {
    socket.once("close", () => resolve());
    socket.once("error", reject);
  });
  for (const part of [bytes].flat()) socket.write(part, "latin1");
  await closed;
  return answer;
}

/** The answers in what came back, in order; each must tell its length. */
export function splitAnswers(text: string): WireAnswer[] {
  const answers: WireAnswer[] = [];
  for (let rest = text; rest !== "";) {
    const end = rest.indexOf("\r\n\r\n");
    const head = rest.slice(0, end);
    const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1]);
    if (end < 0 || Number.isNaN(length)) throw new Error(`This is no answer: ${rest}`);
    const body = rest.slice(end + 4, end + 4 + length);
    answers.push({ status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]), head, body });
    rest = rest.slice(end + 4 + length);
  }
  return answers;
}
