import type { FastifyInstance } from "fastify";
import { jsonArray, jsonObject, toJsonText, type JsonText } from "../../domain/json-text.ts";
import type { StoredErrorGroup } from "../../ports/store/error-groups.ts";
import type { Store } from "../../ports/store/store.ts";
import { listErrorGroups, type ErrorGroup } from "../contract/error-groups.ts";
import { mount, sendJson } from "../mount.ts";

export function registerErrorGroups(app: FastifyInstance, reads: Pick<Store, "errorGroups">): void {
  mount(app, listErrorGroups, async ({ query }, reply) => {
    const { since, limit } = query;
    const groups = await reads.errorGroups({
      since: since === undefined ? 0 : Date.parse(since),
      limit,
    });
    return sendJson(reply, jsonObject({ groups: jsonArray(groups.map(toText)) }));
  });
}

function toText({ firstSeenAt, lastSeenAt, ...group }: StoredErrorGroup): JsonText {
  return toJsonText({
    ...group,
    firstSeenAt: new Date(firstSeenAt).toISOString(),
    lastSeenAt: new Date(lastSeenAt).toISOString(),
  } satisfies ErrorGroup);
}
