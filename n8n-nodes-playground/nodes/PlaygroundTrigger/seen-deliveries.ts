const KEPT = 2000;

/**
 * The ids of deliveries that started the workflow, by webhook. They are kept in memory only. n8n does
 * not save static data that a webhook changes when it starts a workflow, and after a crash of n8n a
 * delivery whose execution was interrupted must start the workflow again.
 */
const seen = new Map<string, Set<string>>();

interface Delivery {
	webhookId: string;
	deliveryId: string;
}

/** Remembers the delivery. Returns true if it was remembered before. */
export function isSeenBefore({ webhookId, deliveryId }: Delivery): boolean {
	const ids = seen.get(webhookId) ?? new Set<string>();
	if (ids.has(deliveryId)) return true;

	ids.add(deliveryId);
	if (ids.size > KEPT) {
		for (const oldest of ids) {
			ids.delete(oldest);
			break;
		}
	}
	seen.set(webhookId, ids);
	return false;
}

export function forgetDelivery({ webhookId, deliveryId }: Delivery): void {
	seen.get(webhookId)?.delete(deliveryId);
}

export function forgetRegistration(webhookId: string): void {
	seen.delete(webhookId);
}
