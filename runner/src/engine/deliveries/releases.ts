import type { Log } from "../../ports/log.ts";
import type { DeliveryClaim } from "../../ports/store/deliveries.ts";
import type { Store } from "../../ports/store/store.ts";

/** Gives claimed deliveries back, so that they are due again. */
export interface Releases {
  readonly release: (claims: readonly DeliveryClaim[]) => void;
  /** Resolves when all have been given back, or could not be. */
  settled(): Promise<void>;
}

export function createReleases(options: {
  readonly store: Pick<Store, "releaseDeliveries">;
  readonly log: Log;
  readonly onReleased: () => void;
}): Releases {
  const { store, log, onReleased } = options;
  const releasing = new Set<Promise<void>>();

  async function releaseOrLog(claims: readonly DeliveryClaim[]): Promise<void> {
    try {
      await store.releaseDeliveries(claims);
    } catch (error) {
      const deliveryIds = claims.map(({ deliveryId }) => deliveryId);
      log.error({ deliveryIds, err: error }, "delivery.release-failed");
    }
  }

  return {
    release(claims) {
      const released = releaseOrLog(claims).finally(() => {
        releasing.delete(released);
        onReleased();
      });
      releasing.add(released);
    },
    async settled() {
      await Promise.all(releasing);
    },
  };
}
