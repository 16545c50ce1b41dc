import { readdirSync, readFileSync } from 'node:fs';

/** The unit in which Linux reports CPU time to user space (USER_HZ). */
const TICKS_PER_SECOND = 100;

interface Stat {
	pid: number;
	groupId: number;
	seconds: number;
}

/** CPU seconds used by the running processes of a group. */
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

/** See proc_pid_stat(5). The command may contain spaces. The fields after it begin with the state. */
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
