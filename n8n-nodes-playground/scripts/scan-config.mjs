// The rules of @n8n/scan-community-package 0.32.0, from the plugins of n8n-node. The scanner itself
// cannot be a dependency, because it requires a TypeScript version that its parser does not support.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const fromNodeCli = createRequire(require.resolve('@n8n/node-cli/eslint'));

const { n8nCommunityNodesPlugin } = fromNodeCli('@n8n/eslint-plugin-community-nodes');
const { configs: nodesBase, ...nodesBasePlugin } = fromNodeCli('eslint-plugin-n8n-nodes-base');
const { parser } = fromNodeCli('typescript-eslint');

export const scanConfig = [
	n8nCommunityNodesPlugin.configs.recommended,
	{ rules: { 'no-console': 'error' } },
	{ plugins: { 'n8n-nodes-base': nodesBasePlugin } },
	{ files: ['package.json'], rules: nodesBase.community.rules },
	{
		files: ['**/credentials/**/*.ts'],
		rules: {
			...nodesBase.credentials.rules,
			'n8n-nodes-base/cred-class-field-documentation-url-miscased': 'off',
			'n8n-nodes-base/cred-class-field-type-options-password-missing': 'off',
		},
	},
	{
		files: ['**/nodes/**/*.ts'],
		rules: {
			...nodesBase.nodes.rules,
			'n8n-nodes-base/node-class-description-inputs-wrong-regular-node': 'off',
			'n8n-nodes-base/node-class-description-outputs-wrong': 'off',
			'n8n-nodes-base/node-param-type-options-max-value-present': 'off',
		},
	},
	{ files: ['**/*.json', '**/*.ts'], languageOptions: { parser } },
].flat();
