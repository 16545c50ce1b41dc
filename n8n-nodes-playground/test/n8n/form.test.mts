import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startDaemonProcess, type DaemonProcess } from './support/daemon-process.mts';
import type { Credential, Json } from './support/n8n-client.mts';
import { chain, items, manualTrigger, runJob } from './support/workflows.mts';
import { client, start } from './support/world.mts';

let daemon: DaemonProcess;
let credential: Credential;

beforeAll(async () => {
	daemon = await startDaemonProcess();
	const { baseUrl, token } = daemon;
	credential = await client.createCredential({ baseUrl, token });
});
afterAll(() => daemon?.remove());

/** Sends the request that the editor sends for an open panel. */
const ask = (kind: string, methodName: string, more: Json = {}) =>
	client.rest('POST', `/dynamic-node-parameters/${kind}`, {
		path: 'parameters.plugin',
		methodName,
		nodeTypeAndVersion: { name: 'n8n-nodes-playground.runJob', version: 2 },
		currentNodeParameters: {},
		credentials: { playgroundApi: credential },
		...more,
	});

const fieldsOf = (plugin: string, method = 'getInputFields') =>
	ask('resource-mapper-fields', method, {
		path: 'parameters.input',
		currentNodeParameters: { plugin: { __rl: true, mode: 'list', value: plugin } },
	});

const text = (id: string) => ({ id, type: 'string', required: false, removed: false });

describe('the form in the editor', () => {
	test.each<[string, Json[]]>([
		['csv-profile', [text('text'), text('file'), text('url')]],
		['html-to-markdown', [text('html'), text('url'), text('baseUrl')]],
		['image-resize', [text('base64'), text('file'), text('url')]],
		['json-query', [{ id: 'data', required: true, removed: false }, text('expression')]],
		['text-chunk', [text('text'), text('markdown')]],
		['unzip', [text('file'), text('base64')]],
		['xml-to-json', [text('text'), text('file'), text('url')]],
		['zip', [{ id: 'files', required: false }, { id: 'texts', required: false }]],
	])('has the fields of %s', async (plugin, fields) => {
		const form = await fieldsOf(plugin);
		expect(form.fields).toMatchObject(fields);
		expect(form.fields).toHaveLength(fields.length);
	});

	test('has a form for every built-in plugin', async () => {
		const { items: plugins } = await daemon.call('GET', '/v1/plugins');
		const builtIn = plugins.filter(({ source }: Json) => source === 'built-in');
		expect(builtIn.length).toBeGreaterThanOrEqual(8);
		for (const { name } of builtIn) expect((await fieldsOf(name)).fields).not.toEqual([]);
	});

	test('has the options of a plugin, which the user adds', async () => {
		const { fields } = await fieldsOf('image-resize', 'getOptionFields');
		expect(fields).toMatchObject([
			{ id: 'width', type: 'number', removed: true },
			{ id: 'height', type: 'number', removed: true },
			...Array.from({ length: fields.length - 2 }, () => ({ removed: true })),
		]);
	});

	test('lists the plugins and searches their names and descriptions', async () => {
		const { results } = await ask('resource-locator-results', 'searchPlugins');
		const names = results.map(({ value }: Json) => value);
		expect(names).toEqual(expect.arrayContaining(['csv-profile', 'text-chunk', 'word-count']));
		const found = await ask('resource-locator-results', 'searchPlugins', {
			filter: 'web markdown',
		});
		expect(found.results.map(({ value }: Json) => value)).toEqual(['html-to-markdown']);
	});

	test('lists the plugins under Further Plugins', async () => {
		const options = await ask('options', 'getPlugins', {
			path: 'parameters.further.plugin[0].name',
		});
		expect(options.map(({ value }: Json) => value)).toContain('json-query');
	});
});

test('the values in the form are the input of the job', async () => {
	const { fields: schema } = await fieldsOf('json-query');
	const query = runJob({ credential, plugin: 'json-query' });
	query.parameters = {
		...query.parameters,
		inputMode: 'form',
		input: {
			mappingMode: 'defineBelow',
			value: { data: '={{ $json }}', expression: '$sum(prices)' },
			schema: schema.map((field: Json) => ({ ...field, removed: false })),
			matchingColumns: [],
		},
	};
	const workflow = chain('Form', manualTrigger(), items({ prices: [12.5, 30] }), query);
	const execution = await client.untilStatus(await start(workflow), 'success');
	expect(execution.items('Run Job')[0]?.json.output).toBe(42.5);
});

test('the options in the form are those of the plugin', async () => {
	const { fields: schema } = await fieldsOf('csv-profile', 'getOptionFields');
	const profile = runJob({ credential, plugin: 'csv-profile', input: '{ text: $json.csv }' });
	profile.parameters.pluginOptions = {
		mappingMode: 'defineBelow',
		value: { header: false, nullTokens: '["?"]', top: null },
		schema,
		matchingColumns: [],
	};
	const workflow = chain('Options', manualTrigger(), items({ csv: '?,1\n2,3' }), profile);
	const execution = await client.untilStatus(await start(workflow), 'success');
	expect(execution.items('Run Job')[0]?.json.output).toMatchObject({
		rows: 2,
		columns: [{ name: 'column 1', nulls: 1 }, { name: 'column 2' }],
	});
});
