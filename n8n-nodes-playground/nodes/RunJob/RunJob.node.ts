import {
	NodeConnectionTypes,
	type IExecuteFunctions,
	type INodeExecutionData,
	type INodeType,
	type INodeTypeDescription,
	type IWebhookFunctions,
	type IWebhookResponseData,
} from 'n8n-workflow';
import { getPlugins, searchPlugins } from '../../shared/plugins';
import { testConnection } from '../../shared/test-connection';
import { properties } from './descriptions';
import { getInputFields } from './get-input-fields';
import { getOptionFields } from './get-option-fields';
import { cancel, get, getLogs, redeliver, retry } from './operations/by-job-id';
import { getMany } from './operations/get-many';
import { runAndWait } from './operations/run-and-wait';
import { start } from './operations/start';
import { wait } from './operations/wait';
import { resume, resumeWebhooks } from './resume';

const operations = {
	cancel,
	get,
	getLogs,
	getMany,
	redeliver,
	retry,
	run: runAndWait,
	start,
	wait,
};

export class RunJob implements INodeType {
	description: INodeTypeDescription = {
		displayName: 'Run Job',
		name: 'runJob',
		icon: {
			light: 'file:../../icons/playground.svg',
			dark: 'file:../../icons/playground.dark.svg',
		},
		group: ['transform'],
		version: [1, 2],
		// In an expression, a resource locator is its value.
		subtitle:
			'={{ ["run", "start"].includes($parameter["operation"]) && $parameter["plugin"] || $parameter["operation"] }}',
		description:
			'Runs a Playground plugin on each item as a durable job, for work that is heavy, takes long or needs npm packages',
		defaults: { name: 'Run Job' },
		usableAsTool: true,
		inputs: [NodeConnectionTypes.Main],
		outputs: [NodeConnectionTypes.Main],
		credentials: [{ name: 'playgroundApi', required: true, testedBy: 'testConnection' }],
		webhooks: resumeWebhooks,
		waitingNodeTooltip: '={{ "Waiting for the jobs in Playground to end" }}',
		properties,
	};

	methods = {
		credentialTest: { testConnection },
		listSearch: { searchPlugins },
		loadOptions: { getPlugins },
		resourceMapping: { getInputFields, getOptionFields },
	};

	async execute(this: IExecuteFunctions): Promise<INodeExecutionData[][]> {
		const operation = this.getNodeParameter('operation', 0) as keyof typeof operations;
		return await operations[operation].call(this);
	}

	async webhook(this: IWebhookFunctions): Promise<IWebhookResponseData> {
		return await resume.call(this);
	}
}
