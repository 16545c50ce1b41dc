import type { INodeProperties } from 'n8n-workflow';
import { EVENT_KINDS, eventKindOptions } from '../../shared/event-kinds';
import { headersProperty } from '../../shared/header-entries';

const inVersion1 = { show: { '@version': [1] } };
const sinceVersion2 = { show: { '@version': [{ _cnd: { gte: 2 } }] } };

const loopsVersion1: INodeProperties = {
	displayName:
		'Do not run jobs in this workflow: their events would start it again, without end. If it must, add the trigger again from the list of nodes: its new version leaves out the jobs of its own workflow.',
	name: 'loops',
	type: 'notice',
	default: '',
	displayOptions: inVersion1,
};

const loops: INodeProperties = {
	displayName:
		'Jobs that this workflow runs do not start it again, but jobs of other workflows do. If two workflows could start each other, choose plugins or a job name.',
	name: 'loops',
	type: 'notice',
	default: '',
	displayOptions: {
		...sinceVersion2,
		hide: { '/options.includeOwnJobs': [true] },
	},
};

const loopsWithOwnJobs: INodeProperties = {
	displayName:
		'Jobs that this workflow runs start it again. Make sure that the workflow does not run a job on every event, or it never stops.',
	name: 'loopsWithOwnJobs',
	type: 'notice',
	default: '',
	displayOptions: { show: { ...sinceVersion2.show, '/options.includeOwnJobs': [true] } },
};

const events: INodeProperties = {
	displayName: 'Events',
	name: 'events',
	type: 'multiOptions',
	options: eventKindOptions,
	default: ['completed', 'failed'],
	required: true,
	displayOptions: sinceVersion2,
	description:
		'The kinds of event that start the workflow. The last event of each job is either Completed or Failed.',
};

const plugins: INodeProperties = {
	displayName: 'Plugin Names or IDs',
	name: 'plugins',
	type: 'multiOptions',
	typeOptions: { loadOptionsMethod: 'getPlugins' },
	default: [],
	description:
		'Start the workflow only for jobs that use one of these plugins. Leave empty for all jobs. Choose from the list, or specify IDs using an <a href="https://docs.n8n.io/code/expressions/">expression</a>.',
};

const jobName: INodeProperties = {
	displayName: 'Job Name',
	name: 'jobName',
	type: 'string',
	default: '',
	placeholder: 'nightly-report',
	description: 'Start the workflow only for jobs with exactly this name. Leave empty for all jobs.',
};

const metadata: INodeProperties = {
	displayName: 'Metadata',
	name: 'metadata',
	type: 'fixedCollection',
	typeOptions: { multipleValues: true },
	default: {},
	placeholder: 'Add Value',
	description:
		'Start the workflow only for jobs whose metadata has all of these values. The daemon sends the other events too, and the node drops them.',
	options: [
		{
			displayName: 'Value',
			name: 'entry',
			values: [
				{
					displayName: 'Name',
					name: 'name',
					type: 'string',
					default: '',
					placeholder: 'customer',
					hint: 'Use dots for a nested field',
				},
				{ displayName: 'Value', name: 'value', type: 'string', default: '', placeholder: '7' },
			],
		},
	],
};

const options: INodeProperties = {
	displayName: 'Options',
	name: 'options',
	type: 'collection',
	placeholder: 'Add Option',
	default: {},
	options: [
		headersProperty,
		{
			displayName: 'Ignore SSL Issues (Insecure)',
			name: 'allowUnauthorizedCerts',
			type: 'boolean',
			default: false,
			description: 'Whether to connect even if SSL certificate validation is not possible',
			hint: 'For the connection from the daemon to this n8n',
		},
		{
			displayName: 'Include Jobs of This Workflow',
			name: 'includeOwnJobs',
			type: 'boolean',
			default: true,
			displayOptions: { show: { '@version': [{ _cnd: { gte: 2 } }] } },
			description: 'Whether jobs that this workflow runs start it again',
		},
		metadata,
		{
			displayName: 'Retries',
			name: 'retries',
			type: 'number',
			typeOptions: { minValue: 0, maxValue: 10 },
			default: 5,
			description: 'How many times the daemon retries an event that n8n did not accept',
		},
	],
};

export const properties: INodeProperties[] = [
	loopsVersion1,
	loops,
	loopsWithOwnJobs,
	{ ...events, default: EVENT_KINDS, displayOptions: inVersion1 },
	events,
	plugins,
	jobName,
	options,
];
