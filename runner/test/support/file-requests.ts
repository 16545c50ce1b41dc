/** Requests about files to a daemon, and what is in its folder of contents. */
import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import type { Daemon } from "./daemon.ts";

export type Body = NonNullable<RequestInit["body"]>;

export interface FileRequests {
  put(body: Body, query?: string, headers?: Record<string, string>): Promise<Response>;
  /** Returns the file. */
  // oxlint-disable-next-line typescript/no-explicit-any -- tests read any field of a response
  upload(body: Body, name?: string, type?: string): Promise<any>;
  /** The names in the folder of contents, without its folders. */
  contents(): Promise<string[]>;
}

export function createFileRequests(daemon: Daemon): FileRequests {
  const put: FileRequests["put"] = (body, query = "", headers = {}) =>
    daemon.request(`/v1/files${query}`, { method: "PUT", body, headers });
  return {
    put,
    async upload(body, name = "file", type = "text/plain") {
      const response = await put(body, `?name=${encodeURIComponent(name)}`, {
        "content-type": type,
      });
      expect(response.status).toBe(201);
      return response.json();
    },
    async contents() {
      const options = { recursive: true, withFileTypes: true } as const;
      const entries = await readdir(join(daemon.dataDir, "artifacts"), options);
      return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
    },
  };
}

/** Without a token. */
export function follow(url: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, { headers });
}

export function sha256(bytes: Buffer | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}
