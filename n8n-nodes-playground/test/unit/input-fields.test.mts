import type { ResourceMapperValue } from 'n8n-workflow';
import { describe, expect, test } from 'vitest';
import { toInput, toInputFields, type JsonSchema } from '../../shared/input-fields';

function fieldOf(property: JsonSchema, root: JsonSchema = {}) {
	return toInputFields({ ...root, type: 'object', properties: { it: property } })[0];
}

describe('a field of the form', () => {
	test.each<[JsonSchema, string | undefined]>([
		[{ type: 'string' }, 'string'],
		[{ type: 'string', format: 'date-time' }, 'dateTime'],
		[{ type: 'string', format: 'uri' }, 'url'],
		[{ type: 'integer' }, 'number'],
		[{ type: 'number' }, 'number'],
		[{ type: 'boolean' }, 'boolean'],
		[{ type: 'array' }, 'array'],
		[{ type: 'object' }, 'object'],
		[{ type: ['integer', 'null'] }, 'number'],
		[{ anyOf: [{ type: 'array' }, { type: 'null' }] }, 'array'],
		[{ anyOf: [{ type: 'array' }, { type: 'string' }] }, 'string'],
		[{}, undefined],
	])('for %j has the type %s', (property, type) => {
		expect(fieldOf(property)?.type).toBe(type);
	});

	test('for an enum or constants is a list of options', () => {
		const options = [
			{ name: 'png', value: 'png' },
			{ name: '2', value: 2 },
		];
		expect(fieldOf({ enum: ['png', 2, null] })).toMatchObject({ type: 'options', options });
		expect(fieldOf({ anyOf: [{ const: 'png' }, { const: 2 }] })).toMatchObject({ options });
	});

	test('for a reference has the type and title of its target', () => {
		const root = { $defs: { Size: { type: 'integer', title: 'Size in pixels' } } };
		expect(fieldOf({ $ref: '#/$defs/Size' }, root)).toMatchObject({
			type: 'number',
			displayName: 'Size in pixels',
		});
	});

	test('is required only if the schema requires it without a default', () => {
		const fields = toInputFields({
			type: 'object',
			properties: { a: {}, b: { default: 3 }, c: {} },
			required: ['a', 'b'],
		});
		expect(fields.map(({ required }) => required)).toEqual([true, false, false]);
		expect(fields[1]?.defaultValue).toBe(3);
	});

	const shown = (count: number, required: string[]) => {
		const ids = Array.from({ length: count }, (_, index) => `field${index}`);
		const properties = Object.fromEntries(ids.map((id) => [id, {}]));
		return toInputFields({ properties, required }).filter(({ removed }) => !removed);
	};

	test('is shown in a form of up to eight fields, required or not', () => {
		expect(shown(3, [])).toHaveLength(3);
		expect(shown(8, ['field1'])).toHaveLength(8);
	});

	test('is shown in a longer form if it is required, or if none is', () => {
		expect(shown(9, ['field1', 'field4']).map(({ id }) => id)).toEqual(['field1', 'field4']);
		expect(shown(9, [])).toHaveLength(9);
	});

	test('exists if an object is one of several kinds of input', () => {
		const object = { type: 'object', properties: { data: {} }, required: ['data'] };
		expect(toInputFields({ anyOf: [{ type: 'string' }, object, {}] })).toMatchObject([
			{ id: 'data', required: true },
		]);
	});

	test('does not exist if the input is not an object', () => {
		expect(toInputFields({ type: 'string' })).toEqual([]);
		expect(toInputFields({})).toEqual([]);
	});
});

describe('the values in the form', () => {
	const schema = toInputFields({
		properties: {
			text: { type: 'string' },
			rows: { type: 'array' },
			size: { type: 'number' },
			any: {},
		},
	});
	const form = (value: object | null, mappingMode = 'defineBelow') =>
		({ mappingMode, value, schema }) as unknown as ResourceMapperValue;

	test('become the input, without the empty fields', () => {
		expect(toInput(form({ text: 'a', rows: null, size: 0 }), {})).toEqual({ text: 'a', size: 0 });
	});

	test('are parsed as JSON only in fields for JSON', () => {
		expect(toInput(form({ rows: '[1,2]', text: '[1,2]', any: '{"a":1}' }), {})).toEqual({
			rows: [1, 2],
			text: '[1,2]',
			any: { a: 1 },
		});
		expect(toInput(form({ any: 'no JSON' }), {})).toEqual({ any: 'no JSON' });
	});

	test('that n8n maps automatically are the fields of the item that the plugin has', () => {
		const item = { text: 'a', other: 1, rows: [1] };
		expect(toInput(form(null, 'autoMapInputData'), item)).toEqual({ text: 'a', rows: [1] });
	});
});
