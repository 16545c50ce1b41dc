import type { INodePropertyOptions } from 'n8n-workflow';

export const EVENT_KINDS = ['started', 'progress', 'completed', 'failed'];

export const eventKindOptions: INodePropertyOptions[] = [
	{ name: 'Completed', value: 'completed', description: 'The job has completed' },
	{ name: 'Failed', value: 'failed', description: 'The job has failed or was cancelled' },
	{
		name: 'Progress',
		value: 'progress',
		description: 'A plugin of the job has completed',
	},
	{ name: 'Started', value: 'started', description: 'The job has started' },
];
