import { tryToParseDateTime } from 'n8n-workflow';

const ENDS_WITH_OFFSET = /(?:Z|UTC|GMT|[+-]\d\d:?\d\d)\s*(?:\(.*\))?$/i;

/**
 * Reads a date and time: text, milliseconds, a Date or a luxon DateTime. Text without an offset is
 * in `zone`. Returns null when the value is not a date and time.
 */
export function toInstant(value: unknown, zone: string): Date | null {
	if (typeof value === 'number') return validOrNull(new Date(value));
	try {
		if (typeof value === 'string' && isReadInProcessZone(value)) return null;
		return validOrNull(new Date(tryToParseDateTime(value, zone).toMillis()));
	} catch {
		return null;
	}
}

/** n8n parses formats that luxon does not know with `Date.parse`, which uses the process's zone. */
function isReadInProcessZone(text: string): boolean {
	const [utc, tokyo] = ['UTC', 'Asia/Tokyo'].map((zone) => tryToParseDateTime(text, zone));
	return utc?.toMillis() === tokyo?.toMillis() && !ENDS_WITH_OFFSET.test(text.trim());
}

function validOrNull(date: Date): Date | null {
	return Number.isNaN(date.getTime()) ? null : date;
}
