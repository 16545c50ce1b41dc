import { inject } from 'vitest';
import { createN8nClient } from './n8n-client.mts';
import { n8nAt } from './n8n-process.mts';

/** The suite's n8n, as every test file finds it. */
const home = inject('n8nHome');

export const n8n = n8nAt(home);
export const client = createN8nClient(home.baseUrl, inject('n8nSession'));
