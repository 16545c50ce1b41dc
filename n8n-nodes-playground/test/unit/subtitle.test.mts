import { Workflow, type INode, type INodeParameters, type INodeTypes } from 'n8n-workflow';
import { expect, test } from 'vitest';
import { PlaygroundTrigger } from '../../nodes/PlaygroundTrigger/PlaygroundTrigger.node';
import { RunJob } from '../../nodes/RunJob/RunJob.node';

/** The text that the canvas shows below the node's name. */
function subtitleOf(nodeType: RunJob | PlaygroundTrigger, parameters: INodeParameters): unknown {
	const node: INode = {
		id: '1',
		name: 'Node',
		type: 'any',
		typeVersion: 1,
		position: [0, 0],
		parameters,
	};
	const nodeTypes = { getByNameAndVersion: () => nodeType } as unknown as INodeTypes;
	const workflow = new Workflow({ nodes: [node], connections: {}, active: false, nodeTypes });
	const { subtitle } = nodeType.description;
	return workflow.expression.getSimpleParameterValue(
		workflow.nodes.Node as INode,
		subtitle,
		'internal',
		{},
	);
}

const plugin = (value: string) => ({ __rl: true, mode: 'list', value });

test.each([
	['its plugin', { operation: 'run', plugin: plugin('csv-profile') }, 'csv-profile'],
	['its operation if no plugin is chosen', { operation: 'start', plugin: plugin('') }, 'start'],
	['its operation if that needs no plugin', { operation: 'get', jobId: 'job_1' }, 'get'],
])('Run Job shows %s', (_what, parameters, subtitle) => {
	expect(subtitleOf(new RunJob(), parameters)).toBe(subtitle);
});

test('Playground Trigger shows the kinds of event', () => {
	const parameters = { events: ['completed', 'failed'] };
	expect(subtitleOf(new PlaygroundTrigger(), parameters)).toBe('completed, failed');
});
