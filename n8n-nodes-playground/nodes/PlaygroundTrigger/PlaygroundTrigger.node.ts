import {
	NodeConnectionTypes,
	type IHookFunctions,
	type INodeType,
	type INodeTypeDescription,
	type IWebhookFunctions,
	type IWebhookResponseData,
} from 'n8n-workflow';
import { eventKindOptions } from '../../shared/event-kinds';
import { headersProperty } from '../../shared/header-entries';
import { getPlugins } from '../../shared/plugins';
import { testConnection } from '../../shared/test-connection';
import { receiveEvent } from './receive-event';
import { isRegistered, register, unregister } from './registration';

export class PlaygroundTrigger implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Playground Trigger',
		name: 'playgroundTrigger',
		icon: {
			light: 'file:../../icons/playground.svg',
			dark: 'file:../../icons/playground.dark.svg',
		},
		group: ['trigger'],
		version: [1],
		subtitle: '={{ $parameter["events"].join(", ") }}',
		description:
			'Starts the workflow when a Playground job starts, makes progress, completes or fails',
		eventTriggerDescription: 'Waiting for an event. Run a job in Playground to send one.',
		activationMessage: 'Playground now sends its events to this workflow until you unpublish it.',
		defaults: { name: 'Playground Trigger' },
		inputs: [],
		outputs: [NodeConnectionTypes.Main],
		credentials: [{ name: 'playgroundApi', required: true, testedBy: 'testConnection' }],
		webhooks: [
			{
				name: 'default',
				httpMethod: 'POST',
				responseMode: 'onReceived',
				responseData: '',
				path: 'playground',
			},
		],
		properties: [
			{
				displayName: 'Events',
				name: 'events',
				type: 'multiOptions',
				options: eventKindOptions,
				default: ['started', 'progress', 'completed', 'failed'],
				required: true,
				description: 'The kinds of event that start the workflow',
			},
			{
				displayName: 'Plugin Names or IDs',
				name: 'plugins',
				type: 'multiOptions',
				typeOptions: { loadOptionsMethod: 'getPlugins' },
				default: [],
				description:
					'Start the workflow only for jobs that use one of these plugins. Leave empty for all jobs. Choose from the list, or specify IDs using an <a href="https://docs.n8n.io/code/expressions/">expression</a>.',
			},
			{
				displayName: 'Job Name',
				name: 'jobName',
				type: 'string',
				default: '',
				placeholder: 'nightly-report',
				description:
					'Start the workflow only for jobs with exactly this name. Leave empty for all jobs.',
			},
			{
				displayName: 'Options',
				name: 'options',
				type: 'collection',
				placeholder: 'Add Option',
				default: {},
				options: [
					headersProperty,
					{
						displayName: 'Retries',
						name: 'retries',
						type: 'number',
						typeOptions: { minValue: 0, maxValue: 10 },
						default: 5,
						description: 'How many times the daemon retries an event that n8n did not accept',
					},
				],
			},
		],
	};

	methods = { credentialTest: { testConnection }, loadOptions: { getPlugins } };

	webhookMethods = {
		default: {
			async checkExists(this: IHookFunctions): Promise<boolean> {
				return await isRegistered.call(this);
			},
			async create(this: IHookFunctions): Promise<boolean> {
				return await register.call(this);
			},
			async delete(this: IHookFunctions): Promise<boolean> {
				return await unregister.call(this);
			},
		},
	};

	async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
		return await receiveEvent.call(this);
	}
}
