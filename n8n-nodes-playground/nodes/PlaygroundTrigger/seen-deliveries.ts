import type { IDataObject } from 'n8n-workflow';

const KEPT_IN_MEMORY = 2000;
const KEPT_ON_DISK = 200;

/**
 * The ids of deliveries that have started the workflow, by registration. Static data outlives a
 * restart, but deliveries that arrive together each read and write a copy of their own: this
 * process's memory is what tells those apart.
 */
const seenInThisProcess = new Map<string, Set<string>>();

/** Notes the delivery; true when it had been noted before. */
export function isSeenBefore(
	staticData: IDataObject,
	{ webhookId, deliveryId }: { webhookId: string; deliveryId: string },
): boolean {
	const inMemory = seenInThisProcess.get(webhookId) ?? new Set<string>();
	const onDisk = (staticData.seen ?? []) as string[];
	if (inMemory.has(deliveryId) || onDisk.includes(deliveryId)) return true;

	inMemory.add(deliveryId);
	if (inMemory.size > KEPT_IN_MEMORY) {
		for (const oldest of inMemory.keys()) {
			inMemory.delete(oldest);
			break;
		}
	}
	seenInThisProcess.set(webhookId, inMemory);
	staticData.seen = [...onDisk, deliveryId].slice(-KEPT_ON_DISK);
	return false;
}

export function forgetSeen(webhookId: string): void {
	seenInThisProcess.delete(webhookId);
}
