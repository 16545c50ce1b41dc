import type { DatabaseSync } from "node:sqlite";
import type { Operations } from "../change.ts";
import { prepareGiveUpBacklog } from "./give-up-backlog.ts";
import { prepareWebhookRemoval } from "./remove-webhook.ts";

export function prepareClearWebhooks(db: DatabaseSync): Operations["clearWebhooks"] {
  const backlog = prepareGiveUpBacklog(db);
  const removal = prepareWebhookRemoval(db);
  return ({ now }) => backlog.next(now) || removal.next();
}
