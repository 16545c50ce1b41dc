import type { IAuthenticate, Icon, ICredentialType, INodeProperties } from 'n8n-workflow';

export class PlaygroundApi implements ICredentialType {
	name = 'playgroundApi';

	displayName = 'Playground API';

	icon: Icon = {
		light: 'file:../icons/playground.svg',
		dark: 'file:../icons/playground.dark.svg',
	};

	documentationUrl =
		'https://github.com/playground-runner/playground/tree/main/n8n-nodes-playground#credentials';

	properties: INodeProperties[] = [
		{
			displayName: 'Base URL',
			name: 'baseUrl',
			type: 'string',
			default: 'http://127.0.0.1:8787',
			required: true,
			placeholder: 'http://127.0.0.1:8787',
			description:
				'The address at which n8n reaches the Playground daemon. In a container, localhost is the container itself.',
		},
		{
			displayName: 'Token',
			name: 'token',
			type: 'string',
			typeOptions: { password: true },
			default: '',
			required: true,
			description:
				'The token that the daemon printed on its first start, the value of PLAYGROUND_TOKEN, or a token from `playground-runner tokens add`',
		},
	];

	/** A function: with a generic object, n8n evaluates expressions, which takes 5 ms of CPU per request. */
	authenticate: IAuthenticate = async ({ token }, request) => ({
		...request,
		headers: { ...request.headers, Authorization: `Bearer ${token as string}` },
	});
}
