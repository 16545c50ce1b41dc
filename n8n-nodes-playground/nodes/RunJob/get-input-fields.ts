import type { ILoadOptionsFunctions, ResourceMapperFields } from 'n8n-workflow';
import { toInputFields, type JsonSchema } from '../../shared/input-fields';
import { getPlugin } from '../../shared/plugins';

/** The input fields of the plugin that is chosen in the node. */
export async function getInputFields(this: ILoadOptionsFunctions): Promise<ResourceMapperFields> {
	const name = this.getCurrentNodeParameter('plugin', { extractValue: true }) as string;
	if (!name) return { fields: [], emptyFieldsNotice: 'Choose a plugin to see its input fields.' };
	const { inputSchema } = await getPlugin(this, name);
	return {
		fields: toInputFields((inputSchema ?? {}) as JsonSchema),
		emptyFieldsNotice: `The plugin ${name} has no input fields. Set Input to Using JSON.`,
	};
}
