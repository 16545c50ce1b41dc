/** The API with one token, as any program calls it. */
import type { Daemon } from "../../support/daemon.ts";

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers freely
  readonly body: any;
}

export interface Client {
  send(method: string, path: string, request?: Request): Promise<Answer>;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers freely
  get(path: string): Promise<any>;
  /** The parsed answer. Throws when the status is not 2xx. */
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers freely
  post(path: string, body: object, headers?: Readonly<Record<string, string>>): Promise<any>;
  /** Every item of a list, page after page. */
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers freely
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

  async function taken(method: string, path: string, request?: Request): Promise<unknown> {
    const { status, body } = await send(method, path, request);
    if (status >= 300) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(body)}`);
    return body;
  }

  return {
    send,
    get: (path) => taken("GET", path),
    post: (path, body, headers = {}) => taken("POST", path, { body, headers }),
    async list(path) {
      const items: unknown[] = [];
      let cursor: string | null = null;
      do {
        const query = `limit=500${cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`}`;
        const page = (await taken("GET", `${path}?${query}`)) as {
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
