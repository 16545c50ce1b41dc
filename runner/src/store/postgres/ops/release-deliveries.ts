import { parseDeliveryId } from "../../shared/rows.ts";
import type { Operation } from "../change.ts";
import { requeueDeliveries, type FreedDelivery } from "./ordering-key.ts";

export const releaseDeliveries: Operation<"releaseDeliveries"> = async (tx, claims) => {
  const released = await tx.query<FreedDelivery>(
    `UPDATE deliveries SET lease_owner = NULL, lease_until = NULL
     FROM unnest($1::bigint[], $2::bigint[], $3::text[]) AS claim (delivery, fence, owner)
     WHERE deliveries.id = claim.delivery AND deliveries.fence = claim.fence AND lease_owner = owner
     RETURNING deliveries.id, job, webhook, destination, due_at`,
    [
      claims.map(({ deliveryId }) => parseDeliveryId(deliveryId) ?? 0),
      claims.map(({ fence }) => fence),
      claims.map(({ owner }) => owner),
    ],
  );
  await requeueDeliveries(tx, released);
};
