import type { INodePropertyOptions } from 'n8n-workflow';

export const EVENT_KINDS = ['started', 'progress', 'completed', 'failed'];

export const eventKindOptions: INodePropertyOptions[] = [
	{ name: 'Completed', value: 'completed', description: 'The job ended well' },
	{ name: 'Failed', value: 'failed', description: 'The job ended with an error' },
	{
		name: 'Progress',
		value: 'progress',
		description: 'One of the plugins of the job has completed',
	},
	{ name: 'Started', value: 'started', description: 'The job has begun' },
];
