import { describe, expect, test } from 'vitest';
import { findSignatureFault } from '../../shared/verify-signature';

// From the tests of svix-webhooks, the reference implementation of Standard Webhooks.
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const SIGNED_AT = 1614265330;
const GOOD = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=';
const delivery = {
	id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
	timestamp: String(SIGNED_AT),
	signature: GOOD,
	body: Buffer.from('{"test": 2432232314}'),
};

function check(changes: Partial<typeof delivery> = {}, secret = SECRET, laterSeconds = 0) {
	const nowMs = (SIGNED_AT + laterSeconds) * 1000;
	return findSignatureFault({ ...delivery, ...changes }, { secret, nowMs });
}

describe('a delivery', () => {
	test('signed according to the specification is accepted', () => {
		expect(check()).toBeNull();
	});

	test('signed with two secrets, one of them valid, is accepted', () => {
		expect(check({ signature: `v1,${Buffer.alloc(32).toString('base64')} ${GOOD}` })).toBeNull();
	});

	test.each([
		['another secret', {}, 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'],
		['another body', { body: Buffer.from('{"test": 2432232315}') }, SECRET],
		['another id', { id: 'msg_other' }, SECRET],
		['a signature cut short', { signature: GOOD.slice(0, -4) }, SECRET],
		['another version of signature', { signature: GOOD.replace('v1', 'v1a') }, SECRET],
	])('with %s is refused', (_what, changes, secret) => {
		expect(check(changes, secret)).toBe('The header webhook-signature does not match');
	});

	test.each([
		[-301, false],
		[-300, true],
		[300, true],
		[301, false],
	])('that arrives %i s after its timestamp is accepted: %s', (laterSeconds, taken) => {
		expect(check({}, SECRET, laterSeconds) === null).toBe(taken);
	});

	test.each(['id', 'timestamp', 'signature'] as const)('without its %s is refused', (field) => {
		expect(check({ [field]: undefined })).toContain('are required');
	});

	test('whose timestamp is not a number is refused', () => {
		expect(check({ timestamp: '2026-11-23' })).toContain('whole seconds');
	});
});
