import { NodeOperationError, type IExecuteFunctions } from 'n8n-workflow';
import { callPlayground, listPlayground } from '../../shared/playground-api';
import type { BatchJob } from './batch';
import type { Failure } from './output-items';

interface FailedJob {
	status: string;
	url: string;
	steps: Array<{ plugin: string; status: string }>;
}

interface LogLine {
	step: number;
	level: string;
	message: string;
}

/** The error of the first failed job, for a node that is set to stop. */
export async function toFailureError(
	context: IExecuteFunctions,
	[first, ...others]: [Failure, ...Failure[]],
	{ jobs }: { jobs: number },
): Promise<NodeOperationError> {
	const { itemIndex, json } = first;
	const { jobId, errorCode } = (json.details ?? {}) as Partial<BatchJob>;
	const { description, stack } = jobId
		? await describeJob(context, { jobId, errorCode })
		: { description: '', stack: undefined };
	const count = jobs > 1 ? `${others.length + 1} of ${jobs} items failed. ` : '';
	const message = String(json.error);
	const error = new NodeOperationError(context.getNode(), message, {
		itemIndex,
		description: `${count}${description}`.trim() || undefined,
	});
	// NodeOperationError rewrites some messages. This keeps the plugin's own message.
	error.message = message;
	// n8n shows them among the details of the error.
	if (stack !== undefined) error.messages = [stack];
	return error;
}

/** The step, the plugin, a link to the job, and the stack that the daemon has logged. */
async function describeJob(
	context: IExecuteFunctions,
	{ jobId, errorCode }: Pick<BatchJob, 'jobId' | 'errorCode'> & { jobId: string },
): Promise<{ description: string; stack?: string }> {
	const path = `/v1/jobs/${encodeURIComponent(jobId)}`;
	try {
		const { body: job } = await callPlayground<FailedJob>(context, { method: 'GET', path });
		const index = job.steps.findIndex(({ status }) => status === 'failed');
		const link = `<a href="${encodeURI(job.url)}" target="_blank">${jobId}</a>`;
		const step = job.steps[index];
		if (step === undefined || !errorCode) {
			return { description: `Job ${link} is ${job.status}${errorCode ? `: ${errorCode}` : ''}.` };
		}
		const of = job.steps.length > 1 ? `step ${index + 1} of ${job.steps.length} in ` : '';
		return {
			description: `Plugin \`${step.plugin}\` failed in ${of}job ${link}: ${errorCode}.`,
			stack: await findStack(context, { path, step: index }),
		};
	} catch (error) {
		context.logger.debug(`Run Job could not read job ${jobId}: ${(error as Error).message}`);
		return { description: `Job ${jobId} has the error code ${errorCode ?? 'null'}.` };
	}
}

/** The daemon logs what a plugin has thrown, with its stack, as the last line of the step. */
async function findStack(
	context: IExecuteFunctions,
	{ path, step }: { path: string; step: number },
): Promise<string | undefined> {
	let stack: string | undefined;
	for await (const line of listPlayground<LogLine>(context, `${path}/logs`)) {
		if (line.step === step && line.level === 'error') stack = line.message;
	}
	return stack;
}
