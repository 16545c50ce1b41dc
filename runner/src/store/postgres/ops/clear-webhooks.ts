import type { Operation } from "../change.ts";
import { giveUpNext } from "./give-up-backlog.ts";
import { removeNext } from "./remove-webhook.ts";

export const clearWebhooks: Operation<"clearWebhooks"> = async (tx, { now }) =>
  (await giveUpNext(tx, now)) || (await removeNext(tx));
