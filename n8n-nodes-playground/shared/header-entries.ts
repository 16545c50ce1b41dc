import type { INodeProperties } from 'n8n-workflow';

export interface HeaderEntries {
	entry?: Array<{ name: string; value: string }>;
}

export const headersProperty: INodeProperties = {
	displayName: 'Headers',
	name: 'headers',
	type: 'fixedCollection',
	typeOptions: { multipleValues: true },
	default: {},
	placeholder: 'Add Header',
	description: 'HTTP headers to send with every event',
	options: [
		{
			displayName: 'Header',
			name: 'entry',
			values: [
				{ displayName: 'Name', name: 'name', type: 'string', default: '', placeholder: 'X-Team' },
				{ displayName: 'Value', name: 'value', type: 'string', default: '' },
			],
		},
	],
};

/** The headers as an object. Returns undefined if there are none. */
export function toHeaders(entries: HeaderEntries | undefined): Record<string, string> | undefined {
	const named = (entries?.entry ?? []).filter(({ name }) => name !== '');
	return named.length === 0
		? undefined
		: Object.fromEntries(named.map(({ name, value }) => [name, value]));
}
