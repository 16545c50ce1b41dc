import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RunJob } from '../../nodes/RunJob/RunJob.node';
import { loadOptionsContext } from './support/contexts.mts';
import { problem, startDaemon, type Daemon } from './support/daemon.mts';

const { listSearch, loadOptions, resourceMapping } = new RunJob().methods;
const wordCount = {
	name: 'word-count',
	status: 'ready',
	description: 'Counts words in a text.',
	inputSchema: {
		type: 'object',
		properties: { text: { type: 'string', description: 'The `text`.' } },
		required: ['text'],
	},
};
const imageResize = {
	name: 'image-resize',
	status: 'ready',
	description: 'Scales an image.',
	inputSchema: null,
	optionsSchema: {
		type: 'object',
		properties: { width: { type: 'integer' }, format: { enum: ['png', 'webp'], default: 'png' } },
	},
};
const broken = { name: 'broken', status: 'broken', description: null, inputSchema: null };

let daemon: Daemon;

beforeEach(async () => {
	daemon = await startDaemon();
	daemon.on('GET /v1/plugins', () => ({
		status: 200,
		body: { items: [wordCount, imageResize, broken] },
	}));
	daemon.on('GET /v1/plugins/:name', ({ path }) => {
		const plugin = [wordCount, imageResize].find(({ name }) => path.endsWith(name));
		return plugin
			? { status: 200, body: plugin }
			: problem(404, 'PLUGIN_NOT_FOUND', 'No plugin has this name.');
	});
});
afterEach(() => daemon.stop());

const context = (plugin = 'word-count', node = {}) =>
	loadOptionsContext({ baseUrl: daemon.baseUrl, node, parameters: { plugin: { value: plugin } } });

describe('the list of plugins', () => {
	test('has the plugins that can run', async () => {
		expect(await loadOptions.getPlugins.call(context())).toEqual([
			{ name: 'word-count', value: 'word-count', description: 'Counts words in a text.' },
			{ name: 'image-resize', value: 'image-resize', description: 'Scales an image.' },
		]);
	});

	test.each([
		['', ['word-count', 'image-resize']],
		['COUNT text', ['word-count']],
		['image', ['image-resize']],
		['nothing', []],
	])('searched for %j has %j', async (filter, names) => {
		const { results } = await listSearch.searchPlugins.call(context(), filter);
		expect(results.map(({ name }) => name)).toEqual(names);
	});
});

describe('the form', () => {
	test('has the fields of the chosen plugin', async () => {
		const { fields } = await resourceMapping.getInputFields.call(context());
		expect(fields).toMatchObject([{ id: 'text', type: 'string', required: true }]);
	});

	test('says what to do if the plugin has no fields or no plugin is chosen', async () => {
		expect(await resourceMapping.getInputFields.call(context('image-resize'))).toMatchObject({
			fields: [],
			emptyFieldsNotice: expect.stringContaining('Using JSON'),
		});
		expect(await resourceMapping.getInputFields.call(context(''))).toMatchObject({
			fields: [],
			emptyFieldsNotice: 'Choose a plugin to see its input fields.',
		});
	});

	test('of a tool has the model fill in the required fields', async () => {
		const tool = { type: 'n8n-nodes-playground.runJobTool' };
		const { fields } = await resourceMapping.getInputFields.call(context('word-count', tool));
		expect(fields[0]?.defaultValue).toBe(
			"={{ /*n8n-auto-generated-fromAI-override*/ $fromAI('text', `Counts words in a text. The 'text'.`, 'string') }}",
		);
	});

	test('for the options has every option, for the user to add', async () => {
		const { fields } = await resourceMapping.getOptionFields.call(context('image-resize'));
		expect(fields).toMatchObject([
			{ id: 'width', type: 'number', removed: true },
			{ id: 'format', type: 'options', defaultValue: 'png', removed: true },
		]);
	});

	test('for the options says so if the plugin has none or no plugin is chosen', async () => {
		expect(await resourceMapping.getOptionFields.call(context())).toMatchObject({
			fields: [],
			emptyFieldsNotice: 'The plugin word-count has no options.',
		});
		expect(await resourceMapping.getOptionFields.call(context(''))).toMatchObject({
			fields: [],
			emptyFieldsNotice: 'Choose a plugin to see its options.',
		});
	});

	test('fails with a message for a missing plugin', async () => {
		await expect(resourceMapping.getInputFields.call(context('gone'))).rejects.toThrow(
			'No plugin has this name.',
		);
	});
});
