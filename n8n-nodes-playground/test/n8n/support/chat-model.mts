import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Json } from './n8n-client.mts';

export interface ChatModel {
	/** The URL for an OpenAI credential in n8n. */
	readonly credential: Json;
	/** The requests to the model, in order. */
	readonly requests: Json[];
	close(): Promise<void>;
}

export interface ToolCall {
	/** How the name of the tool ends. Not needed if there is only one. */
	name?: string;
	arguments: Json;
}

/**
 * A server with the interface of OpenAI's chat completions. It calls the tool and then repeats the
 * tool's result.
 */
export async function startChatModel(wanted: ToolCall): Promise<ChatModel> {
	const requests: Json[] = [];

	function reply({ messages, tools }: Json): Json {
		const last = messages.at(-1);
		if (last.role === 'tool') return { role: 'assistant', content: `It says: ${last.content}` };
		const names: string[] = tools.map((tool: Json) => tool.function.name);
		const name = names.find((one) => one.endsWith(wanted.name ?? ''));
		const call = { name, arguments: JSON.stringify(wanted.arguments) };
		return {
			role: 'assistant',
			content: null,
			tool_calls: [{ id: 'call_1', type: 'function', function: call }],
		};
	}

	const server = createServer(async (incoming, outgoing) => {
		const chunks: Buffer[] = [];
		for await (const chunk of incoming) chunks.push(chunk as Buffer);
		const request = JSON.parse(Buffer.concat(chunks).toString());
		requests.push(request);
		const message = reply(request);
		const finish_reason = message.tool_calls ? 'tool_calls' : 'stop';
		outgoing.writeHead(200, { 'content-type': 'application/json' });
		outgoing.end(
			JSON.stringify({
				id: `chatcmpl-${requests.length}`,
				object: 'chat.completion',
				created: 1,
				model: request.model,
				choices: [{ index: 0, message, finish_reason }],
				usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
			}),
		);
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	const { port } = server.address() as AddressInfo;
	return {
		credential: { apiKey: 'not checked', url: `http://127.0.0.1:${port}/v1`, header: false },
		requests,
		close: async () => {
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
		},
	};
}
