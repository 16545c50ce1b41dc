import { inject } from 'vitest';
import { createN8nClient, type Workflow } from './n8n-client.mts';
import { n8nAt } from './n8n-process.mts';
import { START } from './workflows.mts';

/** The n8n of the suite. */
const home = inject('n8nHome');

export const n8n = n8nAt(home);
export const client = createN8nClient(home.baseUrl, inject('n8nSession'));

/** Runs a workflow by its manual trigger. Resolves to the execution's id. */
export async function start(workflow: Workflow): Promise<string> {
	const id = await client.runManually(await client.createWorkflow(workflow), START);
	return id as string;
}
