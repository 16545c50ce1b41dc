import type { IDataObject } from 'n8n-workflow';

/** The options Deduplicate and Debounce, as n8n gives them. */
export interface KeyOptions {
	debounce?: {
		window?: {
			key: string;
			delaySeconds?: number;
			maxSeconds?: number;
			mode?: string;
			collect?: string;
		};
	};
	dedupe?: { by?: { key: string; span?: string; ttlSeconds?: number } };
}

/** The fields of a request for one job. The daemon says what is wrong with them. */
export function toKeys({ debounce, dedupe }: KeyOptions): IDataObject {
	const { window } = debounce ?? {};
	const { by } = dedupe ?? {};
	return {
		...(by && { dedupe: { key: String(by.key), ...toSpan(by) } }),
		...(window && { debounce: toWindow(window) }),
	};
}

function toSpan({
	span = 'active',
	ttlSeconds = 60,
}: NonNullable<NonNullable<KeyOptions['dedupe']>['by']>) {
	return span === 'ttl' ? { ttlMs: toMs(ttlSeconds) } : { while: span };
}

function toWindow({
	key,
	delaySeconds = 5,
	maxSeconds = 60,
	mode = 'last',
	collect,
}: NonNullable<NonNullable<KeyOptions['debounce']>['window']>) {
	const times = { delayMs: toMs(delaySeconds), maxMs: toMs(maxSeconds) };
	return { key: String(key), ...times, mode, ...(collect && { collect }) };
}

function toMs(seconds: number): number {
	return Math.round(seconds * 1000);
}
