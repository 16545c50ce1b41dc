import type { INodeProperties } from 'n8n-workflow';

/** The jobs of a batch, which Run and Wait submits, cannot have a key. */
const onlyWhenStarting = { show: { '/operation': ['start'] } };

const keyProperty: INodeProperties = {
	displayName: 'Key',
	name: 'key',
	type: 'string',
	default: '',
	placeholder: 'customer-7',
	hint: 'What makes two requests the same work. Each plugin has its own keys.',
};

export const debounce: INodeProperties = {
	displayName: 'Debounce',
	name: 'debounce',
	type: 'fixedCollection',
	default: {},
	placeholder: 'Add Key',
	displayOptions: onlyWhenStarting,
	description: 'Makes one job of several items or executions with the same key: the job waits for more of them',
	options: [
		{
			displayName: 'Key',
			name: 'window',
			values: [
				{
					displayName: 'At Most (Seconds)',
					name: 'maxSeconds',
					type: 'number',
					typeOptions: { minValue: 0 },
					default: 60,
					hint: 'How long the job waits at most after the first request',
				},
				{
					displayName: 'Collect',
					name: 'collect',
					type: 'string',
					default: '',
					placeholder: '/items',
					hint: 'A JSON Pointer to a list in the input. The job gets the entries of all requests.',
				},
				keyProperty,
				{
					displayName: 'Request',
					name: 'mode',
					type: 'options',
					options: [
						{ name: 'First', value: 'first' },
						{ name: 'Newest', value: 'last' },
					],
					default: 'last',
					hint: 'Whose input and options the job has',
				},
				{
					displayName: 'Wait (Seconds)',
					name: 'delaySeconds',
					type: 'number',
					typeOptions: { minValue: 0 },
					default: 5,
					hint: 'How long the job waits after the newest request',
				},
			],
		},
	],
};

export const dedupe: INodeProperties = {
	displayName: 'Deduplicate',
	name: 'dedupe',
	type: 'fixedCollection',
	default: {},
	placeholder: 'Add Key',
	displayOptions: onlyWhenStarting,
	description: 'If a job has the key, returns that job and submits none',
	options: [
		{
			displayName: 'Key',
			name: 'by',
			values: [
				keyProperty,
				{
					displayName: 'Keep Key',
					name: 'span',
					type: 'options',
					options: [
						{ name: 'For a Time', value: 'ttl' },
						{ name: 'Until the Job Ends', value: 'active' },
						{ name: 'Until the Job Starts', value: 'queued' },
					],
					default: 'active',
				},
				{
					displayName: 'Time (Seconds)',
					name: 'ttlSeconds',
					type: 'number',
					typeOptions: { minValue: 0 },
					default: 60,
					displayOptions: { show: { span: ['ttl'] } },
					hint: 'How long the job has the key, counted from its submission',
				},
			],
		},
	],
};
