import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { INodeProperties, INodePropertyCollection, INodeTypeDescription } from 'n8n-workflow';
import { describe, expect, test } from 'vitest';
import { PlaygroundTrigger } from '../../nodes/PlaygroundTrigger/PlaygroundTrigger.node';
import { RunJob } from '../../nodes/RunJob/RunJob.node';

const folder = path.resolve(import.meta.dirname, '../../examples');
const examples = readdirSync(folder).map(
	(file) => [file, JSON.parse(readFileSync(path.join(folder, file), 'utf8'))] as const,
);
const runJob = new RunJob().description;
const text = (name: string): INodeProperties => ({
	name,
	displayName: name,
	type: 'string',
	default: '',
});
const descriptions: Record<string, INodeTypeDescription> = {
	'n8n-nodes-playground.playgroundTrigger': new PlaygroundTrigger().description,
	'n8n-nodes-playground.runJob': runJob,
	'n8n-nodes-playground.runJobTool': {
		...runJob,
		// As n8n does for the tool variant of a node.
		properties: [...runJob.properties, text('descriptionType'), text('toolDescription')],
	},
};

type Properties = Array<INodeProperties | INodePropertyCollection>;

/** The paths of parameters that the node does not have. */
function unknownNames(parameters: Record<string, any>, properties: Properties, at = ''): string[] {
	return Object.entries(parameters).flatMap(([name, value]) => {
		const known = properties.find((property) => property.name === name);
		if (!known) return [`${at}${name}`];
		const inner = 'values' in known ? known.values : 'options' in known ? known.options : undefined;
		const isGroup = !('type' in known) || ['collection', 'fixedCollection'].includes(known.type);
		if (!isGroup || !inner) return [];
		return [value]
			.flat()
			.flatMap((entry) => unknownNames(entry, inner as Properties, `${at}${name}.`));
	});
}

describe.each(examples)('the example %s', (_file, workflow) => {
	const ours = workflow.nodes.filter(({ type }: any) => type in descriptions);

	test('uses our nodes with existing parameters', () => {
		expect(ours).not.toEqual([]);
		for (const { type, typeVersion, parameters } of ours) {
			const { properties, version } = descriptions[type] as INodeTypeDescription;
			expect(version).toContain(typeVersion);
			expect(unknownNames(parameters, properties)).toEqual([]);
		}
	});

	test('connects only nodes that exist', () => {
		const names = workflow.nodes.map(({ name }: any) => name);
		const targets = Object.values<any>(workflow.connections).flatMap((outputs) =>
			Object.values<any>(outputs).flat(2),
		);
		expect(names).toEqual(expect.arrayContaining(Object.keys(workflow.connections)));
		expect(names).toEqual(expect.arrayContaining(targets.map(({ node }: any) => node)));
	});

	test('has no credential and no workflow id', () => {
		expect(ours.filter((node: any) => 'credentials' in node)).toEqual([]);
		expect(workflow.id).toBeUndefined();
	});
});
