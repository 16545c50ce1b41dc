import type { INodeProperties } from 'n8n-workflow';
import { optionsProperty } from './option-descriptions';

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
			description: 'Stop a job that is queued or running; it ends as failed',
		},
		{
			name: 'Get',
			value: 'get',
			action: 'Get a job',
			description: 'Look up the status, the outputs and the error of a job by its ID',
		},
		{
			name: 'Run and Wait',
			value: 'run',
			action: 'Run a job and wait for its result',
			description:
				'Run a plugin on the input and return its output. A long job parks the execution, which then uses no memory or CPU.',
		},
		{
			name: 'Run Without Waiting',
			value: 'start',
			action: 'Run a job without waiting',
			description: 'Hand the job over and go on at once with its ID',
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
	displayOptions: { show: { operation: ['get', 'cancel'] } },
	description: 'As Run Job and every event of the job gave it',
};

const plugin: INodeProperties = {
	displayName: 'Plugin',
	name: 'plugin',
	type: 'resourceLocator',
	required: true,
	default: { mode: 'list', value: '' },
	displayOptions: submits,
	description: 'What to run on the input',
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
						errorMessage: 'A plugin name is lower-case letters, digits and dashes',
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
	description: 'How to give the plugin its input',
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
			// Instead, `getInputFields` gives a notice, which is not red.
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

const further: INodeProperties = {
	displayName: 'Further Plugins',
	name: 'further',
	type: 'fixedCollection',
	typeOptions: { multipleValues: true, sortable: true },
	default: {},
	placeholder: 'Add Plugin',
	displayOptions: submits,
	description: 'Run after the first one, in this order. Each gets the output of the one before it.',
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
	further,
	optionsProperty,
];
