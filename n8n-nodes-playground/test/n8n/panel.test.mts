/**
 * Checks the nodes on the screen of n8n's editor, in Chromium. With SCREENSHOTS=FOLDER the tests save
 * screenshots there. `run-job.png` is the picture in the README.
 */
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { startDaemonProcess, type DaemonProcess } from './support/daemon-process.mts';
import {
	addRunJob,
	keepScreenshot,
	openEditor,
	openNodeList,
	readRed,
	searchNodes,
	type Editor,
	type Page,
} from './support/editor.mts';
import type { Credential } from './support/n8n-client.mts';
import { chain, items, manualTrigger, playgroundTrigger, runJob } from './support/workflows.mts';
import { client, n8n } from './support/world.mts';

const WITHIN = { timeout: 20_000 };

let daemon: DaemonProcess;
let credential: Credential;
let editor: Editor;
let page: Page;

beforeAll(async () => {
	daemon = await startDaemonProcess();
	const { baseUrl, token } = daemon;
	const data = { baseUrl, token };
	credential = await client.rest('POST', '/credentials', {
		name: 'Playground',
		type: 'playgroundApi',
		data,
	});
	editor = await openEditor(n8n.baseUrl, inject('n8nSession'));
});
afterAll(async () => {
	await editor?.close();
	await daemon?.remove();
});

const openNew = async () =>
	(page = await editor.open(await client.createWorkflow(chain('Panel', manualTrigger()))));

describe('the panel of Run Job', () => {
	beforeAll(async () => {
		await openNew();
		await addRunJob(page);
		await editor.untilQuiet(page);
	});
	afterAll(() => page?.close());

	async function choosePlugin(name: string): Promise<void> {
		await page.getByTestId('rlc-input').click();
		await page.getByTestId('rlc-item').getByText(name, { exact: true }).click();
	}

	/** The labels in a form, without the buttons that n8n shows beside the one under the mouse. */
	async function fields(which: 'first' | 'last' = 'first'): Promise<string[]> {
		const form = page.getByTestId('mapping-fields-container')[which]();
		const labels = await form.getByTestId('input-label').allInnerTexts();
		return labels.map((label) => label.split('\n')[0] ?? '');
	}

	test('is not red before a plugin is chosen', async () => {
		await keepScreenshot(page, 'run-job-new');
		expect(await readRed(page)).toEqual([]);
	});

	test('adds an option of the plugin to the form', async () => {
		await choosePlugin('image-resize');
		await editor.untilQuiet(page);
		const add = page.getByTestId('add-fields-select').last().getByRole('button');
		await add.scrollIntoViewIfNeeded();
		await keepScreenshot(page, 'run-job-options');
		await add.click();
		await page.getByText('width', { exact: true }).click();
		await expect.poll(() => fields('last'), WITHIN).toEqual(['Plugin Options', 'width']);
		await keepScreenshot(page, 'run-job-options-width');
		expect(await readRed(page)).toEqual([]);
	});

	test.each([
		['csv-profile', ['text', 'file', 'url']],
		['html-to-markdown', ['html', 'url', 'baseUrl']],
		['image-resize', ['base64', 'file', 'url']],
		['text-chunk', ['text', 'markdown']],
		['json-query', ['data', 'expression']],
	])('shows the input fields of %s', async (plugin, names) => {
		await choosePlugin(plugin);
		await expect.poll(() => fields(), WITHIN).toEqual(['Input Fields', ...names]);
		await keepScreenshot(page, `run-job-${plugin}`);
		// The only required field, which is still empty. n8n marks it with an icon.
		const red = plugin === 'json-query' ? ['svg'] : [];
		await expect.poll(() => readRed(page), WITHIN).toEqual(red);
	});
});

test('Run Job shows the output of the job beside the form', async () => {
	const start = manualTrigger();
	const table = {
		...items({ csv: 'city,people\nZürich,447082\nBern,137995' }),
		name: 'Read the file',
	};
	const job = runJob({ credential, plugin: 'csv-profile' });
	const form = { mappingMode: 'defineBelow', value: { text: '={{ $json.csv }}' } };
	job.parameters = { ...job.parameters, inputMode: 'form', input: form };
	page = await editor.open(await client.createWorkflow(chain('Output', start, table, job)), job.id);
	await editor.untilQuiet(page);
	await page.getByTestId('node-execute-button').click();
	const output = page.getByTestId('output-panel');
	await output.getByText('completed').first().waitFor();
	const messages = page.getByText('Node executed successfully');
	await expect.poll(() => messages.allInnerTexts(), WITHIN).toEqual([]);
	await keepScreenshot(page, 'run-job');
	expect(await readRed(page)).toEqual([]);
	expect(await output.allInnerTexts()).toEqual([expect.stringContaining('447082')]);
	await page.close();
});

test('Run Job shows which plugin failed, in which job, and its stack', async () => {
	const images = { ...items({ image: 'bm8gaW1hZ2U=' }, { image: 'bm8gaW1hZ2U=' }), name: 'Images' };
	const job = runJob({ credential, plugin: 'image-resize', input: '{ base64: $json.image }' });
	page = await editor.open(
		await client.createWorkflow(chain('Failure', manualTrigger(), images, job)),
		job.id,
	);
	await editor.untilQuiet(page);
	await page.getByTestId('node-execute-button').click();
	const error = page.getByTestId('node-error-description');
	await error.waitFor();
	await keepScreenshot(page, 'run-job-failed');
	expect(await error.innerText()).toMatch(
		/^2 of 2 items failed\. Plugin image-resize failed in job job_\w+: PLUGIN_THREW\.$/,
	);
	expect(await error.getByRole('link').getAttribute('href')).toContain(daemon.baseUrl);
	await page.getByText('From Run Job').first().click();
	await expect
		.poll(() => page.getByText(/image-resize\/.*\.ts:\d+/).count(), WITHIN)
		.toBeGreaterThan(0);
	await keepScreenshot(page, 'run-job-failed-details');
	await page.close();
});

test('as a tool, Run Job has the model fill in the input of the chosen plugin', async () => {
	const tool = runJob({ credential, plugin: '' });
	tool.type += 'Tool';
	tool.parameters = { operation: 'run' };
	page = await editor.open(await client.createWorkflow(chain('Tool', tool)), tool.id);
	await editor.untilQuiet(page);
	await page.getByTestId('rlc-input').click();
	await page.getByTestId('rlc-item').getByText('csv-profile', { exact: true }).click();
	const byModel = page.getByText('Defined automatically by the');
	await expect.poll(() => byModel.count(), WITHIN).toBe(1);
	await editor.untilQuiet(page);
	await byModel.scrollIntoViewIfNeeded();
	await keepScreenshot(page, 'run-job-tool');
	await page.close();
});

test.each(['wait', 'getMany', 'redeliver'])('the operation %s is not red', async (operation) => {
	const job = runJob({ credential, operation, jobId: 'job_01k9zr0000000000000000000' });
	page = await editor.open(
		await client.createWorkflow(chain(operation, manualTrigger(), job)),
		job.id,
	);
	await editor.untilQuiet(page);
	await keepScreenshot(page, `run-job-${operation}`);
	expect(await readRed(page)).toEqual([]);
	await page.close();
});

test('a Playground Trigger of version 1 is not red, and warns of a loop', async () => {
	const trigger = Object.assign(playgroundTrigger(credential), { typeVersion: 1 });
	page = await editor.open(await client.createWorkflow(chain('Trigger 1', trigger)), trigger.id);
	await editor.untilQuiet(page);
	await keepScreenshot(page, 'playground-trigger-1');
	expect(await page.getByText('without end').count()).toBe(1);
	expect(await readRed(page)).toEqual([]);
	await page.close();
});

test('a new Playground Trigger is not red', async () => {
	const trigger = playgroundTrigger(credential);
	page = await editor.open(await client.createWorkflow(chain('Trigger', trigger)), trigger.id);
	await editor.untilQuiet(page);
	await keepScreenshot(page, 'playground-trigger');
	expect(await readRed(page)).toEqual([]);
	await page.close();
});

describe("n8n's list of nodes", () => {
	beforeAll(async () => {
		await openNew();
		await openNodeList(page);
	});
	afterAll(() => page?.close());

	test.each(['playground', 'run job', 'plugin', 'background', 'long running', 'npm'])(
		'has Run Job for the words "%s"',
		async (words) => {
			const names = await searchNodes(page, words);
			await expect.poll(() => names.allInnerTexts(), WITHIN).toContain('Run Job');
		},
	);
});
