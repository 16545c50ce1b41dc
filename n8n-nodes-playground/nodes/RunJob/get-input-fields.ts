import type { ILoadOptionsFunctions, ResourceMapperFields } from 'n8n-workflow';
import { descriptionsOf, toInputFields, type JsonSchema } from '../../shared/input-fields';
import { fillByModel } from '../../shared/model-fields';
import { getPlugin } from '../../shared/plugins';
import { isTool } from './tool';

/** The input fields of the plugin that is chosen in the node. */
export async function getInputFields(this: ILoadOptionsFunctions): Promise<ResourceMapperFields> {
	const name = this.getCurrentNodeParameter('plugin', { extractValue: true }) as string;
	if (!name) return { fields: [], emptyFieldsNotice: 'Choose a plugin to see its input fields.' };
	const { inputSchema, description } = await getPlugin(this, name);
	const schema = (inputSchema ?? {}) as JsonSchema;
	const fields = toInputFields(schema);
	return {
		fields: isTool(this)
			? fillByModel(fields, { description, descriptions: descriptionsOf(schema) })
			: fields,
		emptyFieldsNotice: `The plugin ${name} has no input fields. Set Input to Using JSON.`,
	};
}
