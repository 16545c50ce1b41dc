import type { INodeProperties } from 'n8n-workflow';

const show = { operation: ['getMany'] };

/** The parameters of Get Many. */
export const listProperties: INodeProperties[] = [
	{
		displayName: 'Return All',
		name: 'returnAll',
		type: 'boolean',
		default: false,
		displayOptions: { show },
		description: 'Whether to return all results or only up to a given limit',
	},
	{
		displayName: 'Limit',
		name: 'limit',
		type: 'number',
		typeOptions: { minValue: 1 },
		default: 50,
		displayOptions: { show: { ...show, returnAll: [false] } },
		description: 'Max number of results to return',
	},
	{
		displayName: 'Filters',
		name: 'filters',
		type: 'collection',
		placeholder: 'Add Filter',
		default: {},
		displayOptions: { show },
		options: [
			{
				displayName: 'Created After',
				name: 'createdAfter',
				type: 'dateTime',
				default: '',
				description: 'Only jobs that were submitted after this time',
			},
			{
				displayName: 'Created Before',
				name: 'createdBefore',
				type: 'dateTime',
				default: '',
				description: 'Only jobs that were submitted before this time',
			},
			{
				displayName: 'Job Name',
				name: 'name',
				type: 'string',
				default: '',
				placeholder: 'nightly-report',
				description: 'Only jobs with exactly this name',
			},
			{
				displayName: 'Plugin Name or ID',
				name: 'plugin',
				type: 'options',
				typeOptions: { loadOptionsMethod: 'getPlugins' },
				default: '',
				description:
					'Only jobs that run this plugin. Choose from the list, or specify an ID using an <a href="https://docs.n8n.io/code/expressions/">expression</a>.',
			},
			{
				displayName: 'Status',
				name: 'status',
				type: 'options',
				default: 'failed',
				options: [
					{ name: 'Completed', value: 'completed' },
					{ name: 'Failed', value: 'failed' },
					{ name: 'Queued', value: 'queued' },
					{ name: 'Running', value: 'running' },
				],
				description: 'Only jobs with this status',
			},
		],
	},
];
