import type { Daemon } from './daemon.mts';
import { problem } from './daemon.mts';

export interface StoredWebhook {
	id: string;
	url: string;
	enabled: boolean;
	on: string[];
	plugins: string[] | null;
	jobName: string | null;
	expiresAt: string | null;
}

/** Serves persistent webhooks under `/v1/webhooks`, one on each page of the list. */
export function serveWebhooks(daemon: Daemon): Map<string, StoredWebhook> {
	const webhooks = new Map<string, StoredWebhook>();
	let nextId = 1;

	daemon.on('GET /v1/webhooks', ({ path }) => {
		const all = [...webhooks.values()];
		const at = Number(new URL(path, daemon.baseUrl).searchParams.get('cursor') ?? 0);
		const nextCursor = at + 1 < all.length ? String(at + 1) : null;
		return { status: 200, body: { items: all.slice(at, at + 1), nextCursor } };
	});
	daemon.on('POST /v1/webhooks', ({ body }) => {
		const id = `wh_${nextId++}`;
		const webhook = { plugins: null, jobName: null, expiresAt: null, ...body, id, enabled: true };
		webhooks.set(id, webhook);
		const secret = `whsec_${Buffer.from(`secret of ${id}`.padEnd(32, '.')).toString('base64')}`;
		return { status: 201, body: { ...webhook, secret } };
	});
	daemon.on('PATCH /v1/webhooks/:id', ({ path, body }) => {
		const webhook = webhooks.get(path.split('/').at(-1) ?? '');
		if (!webhook) return problem(404, 'WEBHOOK_NOT_FOUND', 'No webhook has this id.');
		webhook.enabled = body.state === 'active';
		return { status: 200, body: webhook };
	});
	daemon.on('DELETE /v1/webhooks/:id', ({ path }) => {
		const id = path.split('/').at(-1) ?? '';
		return webhooks.delete(id)
			? { status: 204 }
			: problem(404, 'WEBHOOK_NOT_FOUND', 'No webhook has this id.');
	});
	return webhooks;
}
