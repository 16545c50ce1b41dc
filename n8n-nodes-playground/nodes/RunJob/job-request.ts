import {
	NodeOperationError,
	type IDataObject,
	type IExecuteFunctions,
	type ResourceMapperValue,
} from 'n8n-workflow';
import { toHeaders, type HeaderEntries } from '../../shared/header-entries';
import { toInput } from '../../shared/input-fields';
import { originOf } from '../../shared/own-jobs';
import { toInstant } from '../../shared/instant';
import type { OutputForm } from './output-form';
import type { OutputSlot } from './submit-items';
import type { KeyOptions } from './job-keys';
import { addBinaryInputs, type BinaryInput, type BinaryOutput } from './binary-fields';

/** The node's Options, as n8n gives them. */
export interface RunOptions extends KeyOptions {
	/** How often a step runs until its job fails. */
	attempts?: number;
	binaryInput?: { file?: BinaryInput[] };
	binaryOutput?: { file?: BinaryOutput[] };
	deadlineMinutes?: number;
	firstWaitSeconds?: number;
	metadata?: unknown;
	name?: string;
	outputAs?: OutputForm['as'];
	outputField?: string;
	pluginOptions?: unknown;
	priority?: number;
	retryDelaySeconds?: number;
	/** Text from the date picker; an expression may give anything. */
	runAt?: unknown;
	/** Text with commas; an expression may give an array. */
	tags?: unknown;
	timeoutSeconds?: number;
	webhook?: {
		target?: { url: string; on: string[]; headers?: HeaderEntries; retries: number };
	};
}

interface FurtherPlugins {
	plugin?: Array<{ name: string; options: unknown }>;
}

type PluginCall = string | { name: string; options: IDataObject };

/** One job in the request for a batch. */
export interface JobRequest extends IDataObject {
	plugins: IDataObject[] | string[];
	idempotencyKey: string;
}

interface Item {
	context: IExecuteFunctions;
	index: number;
}

export function optionsOf({ context, index }: Item): RunOptions {
	return context.getNodeParameter('options', index, {}) as RunOptions;
}

/** What the output of the item contains. */
export function formOf(item: Item): OutputSlot {
	const { binaryOutput, outputAs, outputField } = optionsOf(item);
	const form = { ...(outputAs && { as: outputAs }), ...(outputField && { field: outputField }) };
	return { files: binaryOutput?.file ?? [], ...(Object.keys(form).length > 0 && { form }) };
}

/** Builds the request for one item from the node's parameters. */
export async function toJobRequest(item: Item, idempotencyKey: string): Promise<JobRequest> {
	const options = optionsOf(item);
	const { name, priority, runAt, timeoutSeconds } = options;
	const metadata = toMetadata(item, options);
	const tags = toTags(options);
	const webhook = toWebhook(options);
	return {
		plugins: toPlugins(item, options) as string[],
		input: (await toJobInput(item, options)) as IDataObject,
		idempotencyKey,
		...(name && { name }),
		...(metadata && { metadata }),
		...(tags.length > 0 && { tags }),
		...(priority !== undefined && { priority }),
		...(isSet(runAt) && { runAt: toRunAt(item, runAt) }),
		...toRetry(options),
		...(timeoutSeconds && { timeoutMs: Math.round(timeoutSeconds * 1000) }),
		...(webhook && { webhook }),
	};
}

function toRetry({ attempts, retryDelaySeconds }: RunOptions): IDataObject {
	if (!attempts) return {};
	if (retryDelaySeconds === undefined) return { retry: { attempts } };
	return { retry: { attempts, backoff: { delayMs: Math.round(retryDelaySeconds * 1000) } } };
}

function toTags({ tags = '' }: RunOptions): string[] {
	const given = Array.isArray(tags) ? tags.map(String) : String(tags).split(',');
	return given.map((tag) => tag.trim()).filter((tag) => tag !== '');
}

function toMetadata(item: Item, options: RunOptions): IDataObject | undefined {
	const own = toObject(item, 'Metadata', options.metadata);
	// In version 1, a job has only the user's metadata.
	if (item.context.getNode().typeVersion < 2) return own;
	return { ...originOf(item.context), ...own };
}

function toPlugins(item: Item, { pluginOptions }: RunOptions): PluginCall[] {
	const { context, index } = item;
	const first = context.getNodeParameter('plugin', index, '', { extractValue: true }) as string;
	const further = context.getNodeParameter('further', index, {}) as FurtherPlugins;
	const calls = [{ name: first, options: pluginOptions }, ...(further.plugin ?? [])];
	const form = context.getNodeParameter('pluginOptions', index, {}) as ResourceMapperValue;
	return calls.map(({ name, options }, position) => {
		if (!name) {
			const field = position === 0 ? 'Plugin' : `Further Plugins ${position}`;
			throw new NodeOperationError(context.getNode(), `${field} is empty. Choose a plugin.`, {
				itemIndex: index,
			});
		}
		const given = {
			...(position === 0 && toInput(form, {})),
			...toObject(item, `Options of ${name}`, options),
		};
		return Object.keys(given).length > 0 ? { name, options: given } : name;
	});
}

async function toJobInput(item: Item, options: RunOptions): Promise<unknown> {
	const { context, index } = item;
	const files = options.binaryInput?.file ?? [];
	const input = readInput(item);
	return files.length === 0 ? input : await addBinaryInputs(context, index, { input, files });
}

function readInput(item: Item): unknown {
	const { context, index } = item;
	if (context.getNodeParameter('inputMode', index) === 'json') {
		return parseJson(item, 'Input JSON', context.getNodeParameter('inputJson', index));
	}
	const form = context.getNodeParameter('input', index) as ResourceMapperValue;
	const itemJson = context.getInputData()[index]?.json ?? {};
	return toInput(form, itemJson);
}

function toWebhook({ webhook }: RunOptions): IDataObject | undefined {
	const target = webhook?.target;
	if (!target?.url) return undefined;
	const headers = toHeaders(target.headers);
	return {
		url: target.url,
		...(target.on?.length > 0 && { on: target.on }),
		...(target.retries !== undefined && { retries: target.retries }),
		...(headers && { headers }),
	};
}

function toRunAt({ context, index }: Item, runAt: unknown): string {
	const instant = toInstant(runAt, context.getTimezone());
	if (instant === null) {
		throw new NodeOperationError(
			context.getNode(),
			`Run At is "${String(runAt)}": it must be a date and time such as 2026-11-23T09:30:00 (in the time zone of the workflow) or 2026-11-23T09:30:00Z`,
			{ itemIndex: index },
		);
	}
	return instant.toISOString();
}

function isSet(value: unknown): boolean {
	return value !== undefined && value !== null && value !== '';
}

/** Undefined when the field is empty. */
function toObject(item: Item, field: string, value: unknown): IDataObject | undefined {
	if (value === undefined || value === '') return undefined;
	const parsed = parseJson(item, field, value);
	if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
		throw new NodeOperationError(item.context.getNode(), `${field} must be a JSON object`, {
			itemIndex: item.index,
		});
	}
	return Object.keys(parsed).length === 0 ? undefined : (parsed as IDataObject);
}

/** A JSON field has text, or the value of an expression. */
function parseJson({ context, index }: Item, field: string, value: unknown): unknown {
	if (typeof value !== 'string') return value;
	try {
		return JSON.parse(value);
	} catch (error) {
		throw new NodeOperationError(
			context.getNode(),
			`${field} is not valid JSON: ${(error as Error).message}`,
			{ itemIndex: index },
		);
	}
}
