import type { FieldType, ResourceMapperField } from 'n8n-workflow';

/** n8n shows a value with this comment as "Defined automatically by the model". */
const MARK = '/*n8n-auto-generated-fromAI-override*/';
/** n8n refuses other keys. */
const KEY = /^[a-zA-Z0-9_-]{1,64}$/;

const TYPES: Partial<Record<FieldType, string>> = {
	array: 'json',
	boolean: 'boolean',
	number: 'number',
	object: 'json',
};

interface Tool {
	/** What the plugin does. A tool's own description cannot depend on its parameters. */
	description: string;
	/** The descriptions of the fields, by id. */
	descriptions: Record<string, string | undefined>;
}

/**
 * Has the language model fill in the required fields, or the first one if none is required. A model
 * must give every field that it is offered, so that alternatives are left to the user.
 */
export function fillByModel(fields: ResourceMapperField[], tool: Tool): ResourceMapperField[] {
	const required = fields.filter((field) => field.required);
	const filled = (required.length > 0 ? required : fields.slice(0, 1)).filter(({ id }) =>
		KEY.test(id),
	);
	return fields.map((field) => {
		if (!filled.includes(field)) return field;
		const parts = [field === filled[0] ? tool.description : '', tool.descriptions[field.id] ?? ''];
		if (field.options) parts.push(`One of: ${field.options.map(({ name }) => name).join(', ')}`);
		return { ...field, defaultValue: toExpression(field, parts.filter(Boolean).join(' ')) };
	});
}

function toExpression({ id, type }: ResourceMapperField, description: string): string {
	// The description is in a template literal, in an expression that ends at the first "}}".
	const text = description.replace(/[`\\]|\$\{/g, "'").replace(/\}\}/g, '} }');
	const modelType = type === undefined ? 'json' : (TYPES[type] ?? 'string');
	return `={{ ${MARK} $fromAI('${id}', \`${text}\`, '${modelType}') }}`;
}
