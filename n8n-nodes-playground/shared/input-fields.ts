import type {
	FieldType,
	IDataObject,
	INodePropertyOptions,
	ResourceMapperField,
	ResourceMapperValue,
} from 'n8n-workflow';

/** The parts of JSON Schema that a form can show. */
export interface JsonSchema {
	$ref?: string;
	$defs?: Record<string, JsonSchema>;
	anyOf?: JsonSchema[];
	const?: unknown;
	default?: unknown;
	description?: string;
	enum?: unknown[];
	format?: string;
	oneOf?: JsonSchema[];
	properties?: Record<string, JsonSchema>;
	required?: string[];
	title?: string;
	type?: string | string[];
}

const TYPES: Record<string, FieldType> = {
	array: 'array',
	boolean: 'boolean',
	integer: 'number',
	number: 'number',
	object: 'object',
};

const STRING_FORMATS: Record<string, FieldType> = { 'date-time': 'dateTime', uri: 'url' };

/** A form of up to this many fields shows them all. */
const SHORT_FORM = 8;

/**
 * One field per property; none when the schema accepts no object with known properties. A short
 * form shows every field, since optional ones may be alternatives of which the plugin needs one. A
 * long form shows the required fields, and the user adds the others.
 */
export function toInputFields(schema: JsonSchema): ResourceMapperField[] {
	const root = objectOf(resolve(schema, schema));
	const fields = propertyFields(root, schema);
	const isLong = fields.length > SHORT_FORM && fields.some(({ required }) => required);
	return fields.map((field) => ({ ...field, removed: isLong && !field.required }));
}

/** The descriptions of the fields, by id. */
export function descriptionsOf(schema: JsonSchema): Record<string, string | undefined> {
	const { properties = {} } = objectOf(resolve(schema, schema));
	return Object.fromEntries(
		Object.entries(properties).map(([id, property]) => [id, resolve(property, schema).description]),
	);
}

/** One field per option. The form shows the required ones, and the user adds the others. */
export function toOptionFields(schema: JsonSchema): ResourceMapperField[] {
	const fields = propertyFields(objectOf(resolve(schema, schema)), schema);
	return fields.map((field) => ({ ...field, removed: !field.required }));
}

/** If the schema allows several kinds of input, returns the first object with known properties. */
function objectOf(schema: JsonSchema): JsonSchema {
	if (schema.properties) return schema;
	return (schema.anyOf ?? schema.oneOf)?.find(({ properties }) => properties) ?? schema;
}

function propertyFields(root: JsonSchema, schema: JsonSchema): ResourceMapperField[] {
	return Object.entries(root.properties ?? {}).map(([id, property]) => {
		const resolved = resolve(property, schema);
		const isRequired = (root.required ?? []).includes(id) && property.default === undefined;
		const options = toOptions(resolved);
		return {
			id,
			displayName: resolved.title ?? id,
			required: isRequired,
			defaultMatch: false,
			display: true,
			removed: false,
			type: options ? 'options' : toFieldType(resolved),
			...(options && { options }),
			...defaultOf(resolved),
		};
	});
}

/** Follows a reference, and reduces "this or null" to "this". */
function resolve(schema: JsonSchema, root: JsonSchema): JsonSchema {
	if (schema.$ref?.startsWith('#/$defs/')) {
		const definition = root.$defs?.[schema.$ref.slice('#/$defs/'.length)];
		// Without the reference, a definition that refers to itself does not loop.
		return { ...definition, ...schema, $ref: undefined };
	}
	const choices = (schema.anyOf ?? schema.oneOf)?.filter(({ type }) => type !== 'null');
	const [only] = choices ?? [];
	return choices?.length === 1 && only
		? { ...resolve(only, root), ...schema, anyOf: undefined }
		: schema;
}

function toOptions(schema: JsonSchema): INodePropertyOptions[] | undefined {
	const choices = schema.anyOf ?? schema.oneOf;
	const constants = choices?.every((choice) => choice.const !== undefined)
		? choices.map((choice) => choice.const)
		: schema.enum;
	return constants
		?.filter((value) => value !== null)
		.map((value) => ({ name: String(value), value: value as string | number | boolean }));
}

/** Prefers string if the schema allows several types. With no type, n8n accepts any value. */
function toFieldType({ type, format, anyOf, oneOf }: JsonSchema): FieldType | undefined {
	const types = [type ?? (anyOf ?? oneOf ?? []).map((choice) => choice.type ?? [])].flat(2);
	const named = types.filter((name) => name !== 'null');
	const [first] = named;
	if (first === undefined) return undefined;
	if (named.includes('string')) {
		return (named.length === 1 && STRING_FORMATS[format ?? '']) || 'string';
	}
	return TYPES[first] ?? 'string';
}

function defaultOf({ default: value }: JsonSchema): Pick<ResourceMapperField, 'defaultValue'> {
	return ['string', 'number', 'boolean'].includes(typeof value)
		? { defaultValue: value as string | number | boolean }
		: {};
}

/** The job's input from the values in the form, without the empty fields. */
export function toInput(form: ResourceMapperValue, itemJson: IDataObject): IDataObject {
	const values: IDataObject =
		form.mappingMode === 'autoMapInputData' ? pickKnown(itemJson, form.schema) : (form.value ?? {});
	const input: IDataObject = {};
	for (const [id, value] of Object.entries(values)) {
		if (value === null || value === undefined) continue;
		const field = form.schema?.find((known) => known.id === id);
		input[id] = field && isJson(field) ? parseIfJson(value) : value;
	}
	return input;
}

function isJson({ type }: ResourceMapperField): boolean {
	return type === undefined || type === 'array' || type === 'object';
}

function pickKnown(itemJson: IDataObject, schema: ResourceMapperField[] | undefined): IDataObject {
	if (!schema?.length) return itemJson;
	const known = new Set(schema.map(({ id }) => id));
	return Object.fromEntries(Object.entries(itemJson).filter(([key]) => known.has(key)));
}

function parseIfJson(value: IDataObject[string]): IDataObject[string] {
	if (typeof value !== 'string') return value;
	try {
		return JSON.parse(value) as IDataObject[string];
	} catch {
		return value;
	}
}
