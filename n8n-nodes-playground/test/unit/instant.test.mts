import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import { toInstant } from '../../shared/instant';

const ofN8n = createRequire(createRequire(import.meta.url).resolve('n8n-workflow'));
const { DateTime } = ofN8n('luxon') as { DateTime: any };

/** 14 hours ahead of UTC, which no machine that runs the tests is. */
const ZONE = 'Pacific/Kiritimati';
const read = (value: unknown) => toInstant(value, ZONE)?.toISOString();

describe('a date and time', () => {
	test.each([
		'2026-11-23T09:30:00',
		'2026-11-23T09:30',
		'2026-11-23 09:30:00',
		' 2026-11-23T09:30:00.000 ',
	])('without an offset, %j, is in the given time zone', (text) => {
		expect(read(text)).toBe('2026-11-22T19:30:00.000Z');
	});

	test('on the day when clocks change has the offset of its hour', () => {
		expect(toInstant('2026-03-08T01:30:00', 'America/New_York')?.toISOString()).toBe(
			'2026-03-08T06:30:00.000Z',
		);
		expect(toInstant('2026-03-08T03:30:00', 'America/New_York')?.toISOString()).toBe(
			'2026-03-08T07:30:00.000Z',
		);
	});

	test.each<unknown>([
		'2026-11-23T09:30:00Z',
		'2026-11-23T10:30:00+01:00',
		'2026-11-23T10:30:00.000+0100',
		'Mon, 23 Nov 2026 09:30:00 GMT',
		'Mon Nov 23 2026 10:30:00 GMT+0100 (Central European Standard Time)',
		new Date('2026-11-23T09:30:00Z'),
		DateTime.fromISO('2026-11-23T04:30:00', { zone: 'America/New_York' }),
		Date.UTC(2026, 10, 23, 9, 30),
	])('with an offset, or as an instant, %j, does not change', (value) => {
		expect(read(value)).toBe('2026-11-23T09:30:00.000Z');
	});

	test.each<unknown>([
		'soon',
		'',
		'11/23/2026 09:30',
		'Nov 23, 2026 09:30',
		NaN,
		null,
		{},
		new Date(NaN),
		DateTime.invalid('a test'),
	])('is not accepted as %j', (value) => {
		expect(read(value)).toBeUndefined();
	});
});
