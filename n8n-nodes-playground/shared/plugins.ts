import type {
	IDataObject,
	ILoadOptionsFunctions,
	INodeListSearchResult,
	INodePropertyOptions,
} from 'n8n-workflow';
import { callPlayground } from './playground-api';

/** A plugin that could be loaded. */
export interface Plugin {
	name: string;
	status: 'ready' | 'broken';
	description: string;
	inputSchema?: IDataObject | null;
	optionsSchema?: IDataObject | null;
}

async function readyPlugins(context: ILoadOptionsFunctions): Promise<Plugin[]> {
	const request = { method: 'GET', path: '/v1/plugins' } as const;
	const { items } = (await callPlayground<{ items: Plugin[] }>(context, request)).body;
	return items.filter(({ status }) => status === 'ready');
}

export async function getPlugin(context: ILoadOptionsFunctions, name: string): Promise<Plugin> {
	const path = `/v1/plugins/${encodeURIComponent(name)}`;
	return (await callPlayground<Plugin>(context, { method: 'GET', path })).body;
}

/** The plugins for a drop-down. */
export async function getPlugins(this: ILoadOptionsFunctions): Promise<INodePropertyOptions[]> {
	const plugins = await readyPlugins(this);
	return plugins.map(({ name, description }) => ({ name, value: name, description }));
}

/** The plugins for a searchable list. The search covers names and descriptions. */
export async function searchPlugins(
	this: ILoadOptionsFunctions,
	filter = '',
): Promise<INodeListSearchResult> {
	const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
	const plugins = await readyPlugins(this);
	const results = plugins
		.filter((plugin) => {
			const text = `${plugin.name} ${plugin.description}`.toLowerCase();
			return words.every((word) => text.includes(word));
		})
		.map(({ name, description }) => ({ name, value: name, description }));
	return { results };
}
