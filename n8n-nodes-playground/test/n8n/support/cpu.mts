import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts CPU time in these, for user space at least (USER_HZ). */
const TICKS_PER_SECOND = 100;

interface Stat {
	pid: number;
	groupId: number;
	seconds: number;
}

/** CPU seconds that the processes of a group have used so far, those that have ended left out. */
export function cpuSecondsOfGroup(groupId: number): number {
	const stats = readdirSync('/proc')
		.filter((name) => /^\d+$/.test(name))
		.flatMap((pid) => readStat(Number(pid)) ?? []);
	return stats
		.filter((stat) => stat.groupId === groupId)
		.reduce((sum, { seconds }) => sum + seconds, 0);
}

export function cpuSecondsOf(pid: number): number {
	return readStat(pid)?.seconds ?? 0;
}

/** proc_pid_stat(5); the fields after the command, which may hold spaces, begin with the state. */
function readStat(pid: number): Stat | null {
	let text: string;
	try {
		text = readFileSync(`/proc/${pid}/stat`, 'utf8');
	} catch {
		return null;
	}
	const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
	const ticks = Number(fields[11]) + Number(fields[12]);
	return { pid, groupId: Number(fields[2]), seconds: ticks / TICKS_PER_SECOND };
}
