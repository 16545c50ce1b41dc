import type { IExecuteFunctions } from 'n8n-workflow';
import { afterEach, expect, test } from 'vitest';
import { addBinaryInputs, takeBinaryOutputs } from '../../nodes/RunJob/binary-fields';

const NODE = { id: '1', name: 'Run Job', type: 'runJob', typeVersion: 1, position: [0, 0], parameters: {} };
const HELPERS = {
	getBinaryDataBuffer: async () => Buffer.from('x'),
	prepareBinaryData: async (bytes: Buffer) => ({ data: bytes.toString('base64') }),
};
const CONTEXT = { getNode: () => NODE, helpers: HELPERS } as unknown as IExecuteFunctions;

const BEFORE = Object.getOwnPropertyNames(Object.prototype).toSorted();
afterEach(() => {
	const names = Object.getOwnPropertyNames(Object.prototype);
	for (const name of names.filter((one) => !BEFORE.includes(one))) {
		Reflect.deleteProperty(Object.prototype, name);
	}
	expect(names.toSorted()).toEqual(BEFORE);
});

test.each(['__proto__.polluted', 'a.__proto__.polluted', 'constructor.prototype.polluted', '__proto__', 'constructor', 'a.prototype'])(
	'the binary field %s is refused for an input and for an output',
	async (field) => {
		const file = { binaryProperty: 'data', field };
		const input = addBinaryInputs(CONTEXT, 0, { input: { a: {} }, files: [file] });
		await expect(input).rejects.toThrow(`The binary field is "${field}": it must not contain`);
		const output = takeBinaryOutputs(CONTEXT, { a: {} }, [file]);
		await expect(output).rejects.toThrow(`The binary field is "${field}": it must not contain`);
	},
);

test('a file of an output is not named __proto__', async () => {
	const files = [{ binaryProperty: '__proto__', field: 'image' }];
	await expect(takeBinaryOutputs(CONTEXT, { image: 'eA==' }, files)).rejects.toThrow('__proto__');
});

test('other nested fields are filled and taken out', async () => {
	const files = [{ binaryProperty: 'data', field: 'a.proto.image' }];
	const input = await addBinaryInputs(CONTEXT, 0, { input: { a: {} }, files });
	expect(input).toEqual({ a: { proto: { image: 'eA==' } } });
	const taken = await takeBinaryOutputs(CONTEXT, input, files);
	expect(taken).toEqual({ output: { a: { proto: {} } }, binary: { data: { data: 'eA==' } } });
});
