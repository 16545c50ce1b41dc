/** The daemon's MCP server, as n8n's agent uses it with n8n's own MCP client. */
import { beforeAll, expect, test } from 'vitest';
import { ask, langchain } from './support/agent.mts';
import { useGatedDaemon } from './support/gated-daemon.mts';
import type { Credential } from './support/n8n-client.mts';
import { client } from './support/world.mts';

const t = useGatedDaemon();

let httpBearerAuth: Credential;
beforeAll(async () => {
	const token = await t.daemon.addToken('run');
	httpBearerAuth = await client.createCredential({ token }, 'httpBearerAuth');
});

/** The settings that docs/guides/ai-agents.md gives. */
function mcpClient(query: string) {
	return langchain('Plugins', 'mcpClientTool', 1.4, {
		credentials: { httpBearerAuth },
		parameters: {
			endpointUrl: `${t.daemon.baseUrl}/mcp${query}`,
			serverTransport: 'httpStreamable',
			authentication: 'bearerAuth',
			include: 'all',
			options: {},
		},
	});
}

test('an agent runs a job as a tool of the MCP server, and gets its output', async () => {
	const tool = mcpClient('?tools=word-count,gate');
	const { execution, requests } = await ask(tool, {
		name: 'word-count',
		arguments: { text: 'one two three four' },
	});
	const offered = requests[0]?.tools.map((entry: any) => entry.function);
	expect(offered.map(({ name }: { name: string }) => name.replace(/^Plugins_/, ''))).toEqual(
		expect.arrayContaining(['word-count', 'gate', 'get_job', 'wait_job']),
	);
	expect(offered.find(({ name }: { name: string }) => name.endsWith('word-count'))).toMatchObject({
		description: expect.stringContaining('Counts words'),
		parameters: { properties: { text: { type: 'string' } }, required: ['text'] },
	});
	expect(execution.items('Agent')[0]?.json.output).toMatch(/"words\\*":4/);

	const { items } = await t.daemon.call('GET', '/v1/jobs?plugin=word-count');
	expect(items).toMatchObject([{ status: 'completed', plugins: ['word-count'] }]);
});

test('an agent gets the reason why the job of an MCP tool failed', async () => {
	t.gates.fail('closed', 'the gate is rusty');
	const { execution } = await ask(mcpClient('?tools=gate'), {
		name: 'gate',
		arguments: { url: t.gates.url('closed') },
	});
	expect(execution.items('Agent')[0]?.json.output).toContain('the gate is rusty');
});
