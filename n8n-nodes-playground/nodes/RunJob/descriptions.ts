import type { INodeProperties } from 'n8n-workflow';
import { listProperties } from './list-descriptions';
import { optionsProperty, waitOptionsProperty } from './option-descriptions';

const submits = { show: { operation: ['run', 'start'] } };

const operation: INodeProperties = {
	displayName: 'Operation',
	name: 'operation',
	type: 'options',
	noDataExpression: true,
	default: 'run',
	options: [
		{
			name: 'Cancel',
			value: 'cancel',
			action: 'Cancel a job',
			description: 'Stop a queued or running job. It ends as failed.',
		},
		{
			name: 'Get',
			value: 'get',
			action: 'Get a job',
			description: 'Get the status, the outputs and the error of a job by its ID',
		},
		{
			name: 'Get Logs',
			value: 'getLogs',
			action: 'Get the logs of a job',
			description: 'Get what the plugins of a job have logged, one item per line',
		},
		{
			name: 'Get Many',
			value: 'getMany',
			action: 'Get many jobs',
			description: 'Get a list of jobs, newest first',
		},
		{
			name: 'Redeliver',
			value: 'redeliver',
			action: 'Redeliver the events of a job',
			description:
				'Send the events of a job again that could not be delivered. The token needs the scope admin.',
		},
		{
			name: 'Retry',
			value: 'retry',
			action: 'Retry a job',
			description: 'Run a failed job again, from the step that failed',
		},
		{
			name: 'Run and Wait',
			value: 'run',
			action: 'Run a job and wait for its result',
			description:
				'Run a plugin on each item and return its output. While a long job runs, the execution is parked and uses no memory or CPU.',
		},
		{
			name: 'Run Without Waiting',
			value: 'start',
			action: 'Run a job without waiting',
			description: 'Submit the job and return its ID at once',
		},
		{
			name: 'Wait',
			value: 'wait',
			action: 'Wait for a job',
			description:
				'Wait for jobs that were submitted before, and return their outputs. The execution does not park while it waits.',
		},
	],
};

const jobId: INodeProperties = {
	displayName: 'Job ID',
	name: 'jobId',
	type: 'string',
	required: true,
	default: '',
	placeholder: 'job_01k9zr0000000000000000000',
	displayOptions: {
		show: { operation: ['cancel', 'get', 'getLogs', 'redeliver', 'retry', 'wait'] },
	},
	description: 'The jobId field of the output of Run Job and of each event',
};

const plugin: INodeProperties = {
	displayName: 'Plugin',
	name: 'plugin',
	type: 'resourceLocator',
	required: true,
	default: { mode: 'list', value: '' },
	displayOptions: submits,
	description: 'The plugin to run on each item',
	modes: [
		{
			displayName: 'From List',
			name: 'list',
			type: 'list',
			placeholder: 'Choose a plugin...',
			typeOptions: { searchListMethod: 'searchPlugins', searchable: true },
		},
		{
			displayName: 'By Name',
			name: 'id',
			type: 'string',
			placeholder: 'word-count',
			validation: [
				{
					type: 'regex',
					properties: {
						regex: '[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?',
						errorMessage: 'A plugin name has only lower-case letters, digits and dashes',
					},
				},
			],
		},
	],
};

const inputMode: INodeProperties = {
	displayName: 'Input',
	name: 'inputMode',
	type: 'options',
	noDataExpression: true,
	default: 'form',
	displayOptions: submits,
	description: 'How to specify the input of the plugin',
	options: [
		{
			name: 'Using Fields Below',
			value: 'form',
			description: 'Fill in the input fields of the plugin',
		},
		{ name: 'Using JSON', value: 'json', description: 'Write the whole input as JSON' },
	],
};

const form: INodeProperties = {
	displayName: 'Fields',
	name: 'input',
	type: 'resourceMapper',
	noDataExpression: true,
	default: { mappingMode: 'defineBelow', value: null },
	displayOptions: {
		show: { operation: ['run', 'start'], inputMode: ['form'], plugin: [{ _cnd: { not: '' } }] },
	},
	typeOptions: {
		loadOptionsDependsOn: ['plugin.value'],
		resourceMapper: {
			resourceMapperMethod: 'getInputFields',
			mode: 'add',
			valuesLabel: 'Input Fields',
			fieldWords: { singular: 'field', plural: 'fields' },
			supportAutoMap: true,
			// The error would be red. `getInputFields` gives a notice instead.
			hideNoDataError: true,
		},
	},
};

const json: INodeProperties = {
	displayName: 'Input JSON',
	name: 'inputJson',
	type: 'json',
	default: '={{ $json }}',
	displayOptions: { show: { operation: ['run', 'start'], inputMode: ['json'] } },
	description: 'The input of the first plugin, as JSON',
};

const pluginOptions: INodeProperties = {
	displayName: 'Plugin Options',
	name: 'pluginOptions',
	type: 'resourceMapper',
	noDataExpression: true,
	default: { mappingMode: 'defineBelow', value: null },
	displayOptions: {
		show: {
			'@version': [{ _cnd: { gte: 2 } }],
			operation: ['run', 'start'],
			plugin: [{ _cnd: { not: '' } }],
		},
	},
	typeOptions: {
		loadOptionsDependsOn: ['plugin.value'],
		resourceMapper: {
			resourceMapperMethod: 'getOptionFields',
			mode: 'add',
			valuesLabel: 'Plugin Options',
			fieldWords: { singular: 'option', plural: 'options' },
			supportAutoMap: false,
			// The error would be red. `getOptionFields` gives a notice instead.
			hideNoDataError: true,
		},
	},
};

const further: INodeProperties = {
	displayName: 'Further Plugins',
	name: 'further',
	type: 'fixedCollection',
	typeOptions: { multipleValues: true, sortable: true },
	default: {},
	placeholder: 'Add Plugin',
	displayOptions: submits,
	description:
		'Plugins to run after the first one, in this order. Each gets the output of the plugin before it.',
	options: [
		{
			displayName: 'Plugin',
			name: 'plugin',
			values: [
				{
					displayName: 'Plugin Name or ID',
					name: 'name',
					type: 'options',
					typeOptions: { loadOptionsMethod: 'getPlugins' },
					default: '',
					description:
						'Choose from the list, or specify an ID using an <a href="https://docs.n8n.io/code/expressions/">expression</a>',
				},
				{
					displayName: 'Options',
					name: 'options',
					type: 'json',
					default: '{}',
					description: 'Options of this plugin, as a JSON object',
				},
			],
		},
	],
};

export const properties: INodeProperties[] = [
	operation,
	jobId,
	plugin,
	inputMode,
	form,
	json,
	pluginOptions,
	further,
	optionsProperty,
	...listProperties,
	waitOptionsProperty,
];
