import { afterAll, beforeAll } from 'vitest';
import { startDaemonProcess, type DaemonProcess } from './daemon-process.mts';
import { startGates, type Gates } from './gates.mts';
import type { Credential } from './n8n-client.mts';
import { items, runJob, type Node, type RunJobSettings } from './workflows.mts';
import { client } from './world.mts';

/** A daemon for one test file, with gates at which its jobs wait. */
export interface GatedDaemon {
	readonly daemon: DaemonProcess;
	readonly gates: Gates;
	/** The daemon's credential in n8n. */
	readonly credential: Credential;
	/** A Run Job node for the daemon. */
	job(settings?: Omit<RunJobSettings, 'credential'>): Node;
	/** An item for each gate. */
	at(...names: string[]): Node;
}

export function useGatedDaemon(): GatedDaemon {
	let daemon: DaemonProcess;
	let gates: Gates;
	let credential: Credential;
	beforeAll(async () => {
		[daemon, gates] = await Promise.all([startDaemonProcess(), startGates()]);
		const { baseUrl, token } = daemon;
		credential = await client.createCredential({ baseUrl, token });
	});
	afterAll(async () => {
		await Promise.all([daemon?.remove(), gates?.close()]);
	});
	return {
		get daemon() {
			return daemon;
		},
		get gates() {
			return gates;
		},
		get credential() {
			return credential;
		},
		job: (settings = {}) => runJob({ credential, ...settings }),
		at: (...names) => items(...names.map((name) => ({ name, url: gates.url(name) }))),
	};
}
