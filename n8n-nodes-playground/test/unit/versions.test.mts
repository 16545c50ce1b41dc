import { NodeHelpers, type INode, type INodeParameters } from 'n8n-workflow';
import { describe, expect, test } from 'vitest';
import { PlaygroundTrigger } from '../../nodes/PlaygroundTrigger/PlaygroundTrigger.node';
import { RunJob } from '../../nodes/RunJob/RunJob.node';
import { NODE } from './support/contexts.mts';

/** The parameters with which n8n runs a node that was saved with these. */
function loaded(
	{ description }: RunJob | PlaygroundTrigger,
	typeVersion: number,
	parameters: INodeParameters,
): INodeParameters | null {
	const node: INode = { ...NODE, typeVersion, parameters };
	return NodeHelpers.getNodeParameters(
		description.properties,
		parameters,
		true,
		false,
		node,
		description,
	);
}

describe('Playground Trigger', () => {
	test.each([
		[1, ['started', 'progress', 'completed', 'failed']],
		[2, ['completed', 'failed']],
	])('of version %i that was saved with the defaults starts on %j', (version, events) => {
		expect(loaded(new PlaygroundTrigger(), version, {})?.events).toEqual(events);
	});

	test.each([1, 2])('of version %i keeps what was chosen', (version) => {
		const chosen = {
			events: ['started'],
			plugins: ['word-count'],
			jobName: 'nightly',
			options: { retries: 2 },
		};
		expect(loaded(new PlaygroundTrigger(), version, chosen)).toMatchObject(chosen);
	});
});

describe('Run Job', () => {
	const saved = {
		operation: 'run',
		plugin: { __rl: true, mode: 'list', value: 'image-resize' },
		inputMode: 'json',
		inputJson: '={{ $json }}',
		further: {},
		options: { pluginOptions: '{"width": 8}', firstWaitSeconds: 1, deadlineMinutes: 5 },
	};

	test('of version 1 has the parameters of 0.1.0 and no others', () => {
		expect(loaded(new RunJob(), 1, saved)).toEqual(saved);
	});

	test('of version 2 also has the form for the options', () => {
		const pluginOptions = { mappingMode: 'defineBelow', value: null };
		expect(loaded(new RunJob(), 2, saved)).toEqual({ ...saved, pluginOptions });
	});

	test.each(['cancel', 'get'])('keeps the operation %s', (operation) => {
		const byId = { operation, jobId: 'job_1' };
		expect(loaded(new RunJob(), 1, byId)).toEqual(byId);
	});
});
