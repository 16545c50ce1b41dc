/** Calls the API with one token, as any program does. */
import type { Daemon } from "../../support/daemon.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests read any field of a response
  readonly body: any;
}

export interface Client {
  send(method: string, path: string, request?: Request): Promise<Answer>;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests read any field of a response
  get(path: string): Promise<any>;
  /** Returns the parsed response. Throws when the status is not 2xx. */
  // oxlint-disable-next-line typescript/no-explicit-any -- tests read any field of a response
  post(path: string, body: object, headers?: Readonly<Record<string, string>>): Promise<any>;
  /** Every item of a list, page after page. */
  // oxlint-disable-next-line typescript/no-explicit-any -- tests read any field of a response
  list(path: string): Promise<any[]>;
}

interface Request {
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

export function createClient(daemon: Pick<Daemon, "request">, token: string): Client {
  async function send(method: string, path: string, request: Request = {}): Promise<Answer> {
    const { body, headers } = request;
    const answer = await daemon.request(path, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: answer.status, headers: answer.headers, body: await answer.json() };
  }

  async function call(method: string, path: string, request?: Request): Promise<unknown> {
    const { status, body } = await send(method, path, request);
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(body)}`);
    return body;
  }

  return {
    send,
    get: (path) => call("GET", path),
    post: (path, body, headers = {}) => call("POST", path, { body, headers }),
    async list(path) {
      const items: unknown[] = [];
      let cursor: string | null = null;
      do {
        const query = `limit=500${cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`}`;
        const page = (await call("GET", `${path}?${query}`)) as {
          items: unknown[];
          nextCursor: string | null;
        };
        items.push(...page.items);
        cursor = page.nextCursor;
      } while (cursor !== null);
      return items;
    },
  };
}
