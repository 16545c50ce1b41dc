import type { ILoadOptionsFunctions, ResourceMapperFields } from 'n8n-workflow';
import { toOptionFields, type JsonSchema } from '../../shared/input-fields';
import { getPlugin } from '../../shared/plugins';

/** The options of the plugin that is chosen in the node. */
export async function getOptionFields(this: ILoadOptionsFunctions): Promise<ResourceMapperFields> {
	const name = this.getCurrentNodeParameter('plugin', { extractValue: true }) as string;
	if (!name) return { fields: [], emptyFieldsNotice: 'Choose a plugin to see its options.' };
	const { optionsSchema } = await getPlugin(this, name);
	return {
		fields: toOptionFields((optionsSchema ?? {}) as JsonSchema),
		emptyFieldsNotice: `The plugin ${name} has no options.`,
	};
}
