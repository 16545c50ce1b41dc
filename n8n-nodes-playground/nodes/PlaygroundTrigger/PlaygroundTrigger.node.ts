import {
	NodeConnectionTypes,
	type IHookFunctions,
	type INodeType,
	type INodeTypeDescription,
	type IWebhookFunctions,
	type IWebhookResponseData,
} from 'n8n-workflow';
import { getPlugins } from '../../shared/plugins';
import { testConnection } from '../../shared/test-connection';
import { properties } from './descriptions';
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
		version: [1, 2],
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
		properties,
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
