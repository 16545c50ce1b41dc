import { createHmac, timingSafeEqual } from 'node:crypto';

/** How far a delivery's timestamp may be from now, either way (Standard Webhooks libraries: 5 min). */
export const TOLERANCE_SECONDS = 5 * 60;

const SECRET_PREFIX = 'whsec_';

export interface SignedDelivery {
	id: string | undefined;
	/** Seconds since the epoch, as sent. */
	timestamp: string | undefined;
	/** One or more `v1,<base64>`, separated by spaces. There are two while a secret is rotated. */
	signature: string | undefined;
	/** The bytes as received. */
	body: Buffer;
}

/**
 * Checks a delivery according to Standard Webhooks 1.0. Returns null if the signature is valid,
 * otherwise the reason, which is safe to send to the caller.
 */
export function findSignatureFault(
	delivery: SignedDelivery,
	{ secret, nowMs }: { secret: string; nowMs: number },
): string | null {
	const { id, timestamp, signature, body } = delivery;
	if (!id || !timestamp || !signature) {
		return 'The headers webhook-id, webhook-timestamp and webhook-signature are required';
	}
	if (!/^\d{1,12}$/.test(timestamp)) return 'The header webhook-timestamp must be in whole seconds';
	if (Math.abs(nowMs / 1000 - Number(timestamp)) > TOLERANCE_SECONDS) {
		return 'The header webhook-timestamp is more than 5 minutes from now';
	}
	const expected = sign(secret, `${id}.${timestamp}.`, body);
	const matches = signature.split(' ').some((candidate) => equals(candidate, expected));
	return matches ? null : 'The header webhook-signature does not match';
}

function sign(secret: string, prefix: string, body: Buffer): Buffer {
	const key = Buffer.from(
		secret.startsWith(SECRET_PREFIX) ? secret.slice(SECRET_PREFIX.length) : secret,
		'base64',
	);
	const digest = createHmac('sha256', key).update(prefix).update(body).digest('base64');
	return Buffer.from(`v1,${digest}`);
}

function equals(candidate: string, expected: Buffer): boolean {
	const bytes = Buffer.from(candidate);
	return bytes.length === expected.length && timingSafeEqual(bytes, expected);
}
