import type { TestProject } from 'vitest/node';
import { signIn, type Session } from './n8n-client.mts';
import { createN8nHome, n8nAt, type N8nHome } from './n8n-process.mts';

declare module 'vitest' {
	interface ProvidedContext {
		n8nHome: N8nHome;
		n8nSession: Session;
	}
}

/** Starts one n8n for the whole suite, because that takes longer than most tests. */
export default async function startN8n(project: TestProject): Promise<() => Promise<void>> {
	const home = await createN8nHome();
	const n8n = n8nAt(home);
	await n8n.start();
	project.provide('n8nHome', home);
	project.provide('n8nSession', await signIn(home.baseUrl));
	return () => n8n.remove();
}
