import type { INodeProperties } from 'n8n-workflow';
import { eventKindOptions } from '../../shared/event-kinds';
import { headersProperty } from '../../shared/header-entries';
import { debounce, dedupe } from './key-descriptions';

const onlyWhenWaiting = { show: { '/operation': ['run', 'wait'] } };

const binaryInput: INodeProperties = {
	displayName: 'Binary Input Field',
	name: 'binaryInput',
	type: 'fixedCollection',
	typeOptions: { multipleValues: true },
	default: {},
	placeholder: 'Add File',
	description: 'Puts files of the item into the input',
	options: [
		{
			displayName: 'File',
			name: 'file',
			values: [
				{
					displayName: 'Input Binary Field',
					name: 'binaryProperty',
					type: 'string',
					default: 'data',
					hint: 'The name of the field of the item that has the file',
				},
				{
					displayName: 'Input Field',
					name: 'field',
					type: 'string',
					default: '',
					placeholder: 'image',
					hint: 'The input field of the plugin that gets the file. Use dots for a nested field.',
				},
				{
					displayName: 'Send As',
					name: 'sendAs',
					type: 'options',
					default: 'base64',
					options: [
						{
							name: 'Base64',
							value: 'base64',
							description: 'In the input itself. For small files, and plugins that read base64.',
						},
						{
							name: 'Stored File',
							value: 'reference',
							description:
								'Uploads the file to Playground, and puts a reference into the input. For large files, and plugins that read files.',
						},
					],
				},
			],
		},
	],
};

const binaryOutput: INodeProperties = {
	displayName: 'Binary Output Field',
	name: 'binaryOutput',
	type: 'fixedCollection',
	typeOptions: { multipleValues: true },
	default: {},
	placeholder: 'Add File',
	description: 'Turns files in the output into files of the item',
	displayOptions: onlyWhenWaiting,
	options: [
		{
			displayName: 'File',
			name: 'file',
			values: [
				{
					displayName: 'File Name',
					name: 'fileName',
					type: 'string',
					default: '',
					placeholder: 'thumbnail.png',
				},
				{
					displayName: 'Output Field',
					name: 'field',
					type: 'string',
					default: '',
					placeholder: 'image',
					hint: 'The field of the output that has base64, a reference to a file, or a list of references. Use dots for a nested field.',
				},
				{
					displayName: 'Put Output File in Field',
					name: 'binaryProperty',
					type: 'string',
					default: 'data',
					hint: 'The name of the field of the item to put the file in',
				},
			],
		},
	],
};

const webhook: INodeProperties = {
	displayName: 'Webhook',
	name: 'webhook',
	type: 'fixedCollection',
	default: {},
	placeholder: 'Add Webhook',
	description: 'Also sends the events of the job to a URL of your own',
	options: [
		{
			displayName: 'Webhook',
			name: 'target',
			values: [
				{
					displayName: 'Events',
					name: 'on',
					type: 'multiOptions',
					options: eventKindOptions,
					default: ['completed', 'failed'],
				},
				headersProperty,
				{
					displayName: 'Retries',
					name: 'retries',
					type: 'number',
					typeOptions: { minValue: 0, maxValue: 10 },
					default: 5,
				},
				{
					displayName: 'URL',
					name: 'url',
					type: 'string',
					default: '',
					placeholder: 'https://example.com/hook',
				},
			],
		},
	],
};

const deadlineMinutes: INodeProperties = {
	displayName: 'Deadline (Minutes)',
	name: 'deadlineMinutes',
	type: 'number',
	typeOptions: { minValue: 0 },
	default: 60,
	displayOptions: onlyWhenWaiting,
	description:
		'How long to wait for the jobs. A parked execution may wait up to a minute longer. Then the items become error items, and the jobs continue. Run and Wait waits for 7 days by default, with Run At without end. With 0 it waits until the jobs end.',
};

const outputAs: INodeProperties = {
	displayName: 'Output',
	name: 'outputAs',
	type: 'options',
	default: 'output',
	displayOptions: onlyWhenWaiting,
	description: 'What the items of a completed job contain',
	options: [
		{
			name: 'Job',
			value: 'job',
			description: 'The ID and status of the job, with the output of its last plugin',
		},
		{ name: 'Output Only', value: 'output', description: 'The output of the last plugin' },
		{
			name: 'Output Only, One Item per List Entry',
			value: 'items',
			description: 'If the output is a list, its entries become items',
		},
	],
};

const outputField: INodeProperties = {
	displayName: 'Output Field',
	name: 'outputField',
	type: 'string',
	default: '',
	placeholder: 'chunks',
	displayOptions: onlyWhenWaiting,
	description:
		'The field of the output to return in place of the whole output. Use dots for a nested field.',
};

export const waitOptionsProperty: INodeProperties = {
	displayName: 'Options',
	name: 'options',
	type: 'collection',
	default: {},
	placeholder: 'Add Option',
	displayOptions: { show: { operation: ['wait'] } },
	options: [binaryOutput, deadlineMinutes, outputAs, outputField],
};

export const optionsProperty: INodeProperties = {
	displayName: 'Options',
	name: 'options',
	type: 'collection',
	default: {},
	placeholder: 'Add Option',
	displayOptions: { show: { operation: ['run', 'start'] } },
	options: [
		{
			displayName: 'Attempts per Step',
			name: 'attempts',
			type: 'number',
			typeOptions: { minValue: 1, maxValue: 100 },
			default: 3,
			description:
				'How often a step runs until its job fails, the first time included. Without this option, the plugin decides. Unlike Retry On Fail, steps that completed do not run again.',
		},
		binaryInput,
		binaryOutput,
		deadlineMinutes,
		debounce,
		dedupe,
		{
			displayName: 'First Wait (Seconds)',
			name: 'firstWaitSeconds',
			type: 'number',
			typeOptions: { minValue: 0, maxValue: 60 },
			default: 5,
			displayOptions: onlyWhenWaiting,
			description:
				'How long to wait for the jobs before the execution parks. As an AI tool, the node does not park and waits 60 seconds by default. Behind a webhook that responds when the last node finishes, it does not park either.',
		},
		{
			displayName: 'Job Name',
			name: 'name',
			type: 'string',
			default: '',
			placeholder: 'nightly-report',
			description:
				'A name for the job, which its events include. A Playground Trigger can filter by it.',
		},
		{
			displayName: 'Metadata',
			name: 'metadata',
			type: 'json',
			default: '{}',
			description: 'A JSON object to store with the job and send with its events',
		},
		outputAs,
		outputField,
		{
			displayName: 'Plugin Options (JSON)',
			name: 'pluginOptions',
			type: 'json',
			default: '{}',
			description:
				'The options of the first plugin, as a JSON object. An option given here replaces the field of the same name under Plugin Options.',
		},
		{
			displayName: 'Priority',
			name: 'priority',
			type: 'number',
			default: 0,
			description: 'Queued jobs with a higher number run first',
		},
		{
			displayName: 'Retry Delay (Seconds)',
			name: 'retryDelaySeconds',
			type: 'number',
			typeOptions: { minValue: 0 },
			default: 1,
			description:
				'How long a step waits after its first failed attempt. Each further wait is twice as long, up to an hour. Used with Attempts per Step.',
		},
		{
			displayName: 'Run At',
			name: 'runAt',
			type: 'dateTime',
			default: '',
			description:
				'The job does not start before this time. A time without an offset is in the time zone of the workflow.',
		},
		{
			displayName: 'Tags',
			name: 'tags',
			type: 'string',
			default: '',
			placeholder: 'nightly, customer:7',
			description: 'Words to find the job by, with commas between them. At most 10.',
		},
		{
			displayName: 'Timeout (Seconds)',
			name: 'timeoutSeconds',
			type: 'number',
			typeOptions: { minValue: 0 },
			default: 300,
			description: 'How long the job may run before it ends as failed',
		},
		webhook,
	],
};
