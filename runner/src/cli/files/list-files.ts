import { listFiles as route, type StoredFile } from "../../http/contract/files.ts";
import { toSize } from "../amounts.ts";
import type { Given } from "../command-contract.ts";
import type { listFiles as contract } from "../contract/files.ts";
import type { Output } from "../output.ts";
import { printList } from "../remote/print-list.ts";
import type { Column } from "../table.ts";

export function listFiles(given: Given<typeof contract>): Promise<number> {
  return printList(given, {
    columns,
    none: "No files match.",
    read: (client, page) => client.call(route, { query: { job: given.flags.job, ...page } }),
  });
}

function columns(output: Output): readonly Column<StoredFile>[] {
  return [
    { title: "FILE", text: ({ fileId }) => fileId },
    { title: "SIZE", text: ({ size }) => toSize(size) },
    { title: "CREATED", text: ({ createdAt }) => output.time(createdAt) },
    { title: "EXPIRES", text: ({ expiresAt }) => output.time(expiresAt) },
    { title: "JOB", text: ({ jobId }) => jobId ?? "" },
    { title: "TYPE", text: ({ type }) => type, isFlexible: true },
    { title: "NAME", text: ({ name }) => name, isFlexible: true },
  ];
}
