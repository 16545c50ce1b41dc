import type { Plugin } from "../http/contract/plugins.ts";
import { listPlugins } from "../http/contract/plugins.ts";
import type { PluginInfo } from "../ports/plugin-catalog.ts";
import { openPlugins } from "../startup/open-plugins.ts";
import type { Given } from "./command-contract.ts";
import type { plugins as contract } from "./contract/plugins.ts";
import { indentJson } from "./exact-json.ts";
import { openOutput } from "./output.ts";
import { printWarnings } from "./print-warnings.ts";
import { connect } from "./remote/connect.ts";
import { colorOf } from "./state-color.ts";
import type { Column } from "./table.ts";

type Row = Pick<Plugin, "name" | "status" | "version" | "source" | "description" | "error">;

const COLUMNS: readonly Column<Row>[] = [
  { title: "NAME", text: ({ name }) => name },
  {
    title: "VERSION",
    text: ({ status, version }) => (status === "ready" ? (version ?? "") : status),
    color: ({ status }) => (status === "ready" ? null : colorOf(status)),
  },
  { title: "SOURCE", text: ({ source }) => source },
  {
    title: "DESCRIPTION",
    text: ({ description, error }) => description ?? error?.split("\n")[0] ?? "",
    isFlexible: true,
  },
];

/** Lists the plugins. The exit code is 1 when one of the plugins folder is broken. */
export async function plugins(given: Given<typeof contract>): Promise<number> {
  const { remote, url } = given.flags;
  return remote || url !== undefined ? listRemote(given) : listLocal(given);
}

async function listRemote(given: Given<typeof contract>): Promise<number> {
  const client = await connect(given);
  const output = openOutput();
  const answer = await client.call(listPlugins);
  const { items } = answer.body();
  if (given.flags.json) output.print(await indentJson(answer.text));
  else output.printTable(COLUMNS, items);
  for (const plugin of items) printWarnings(plugin);
  return exitCodeFor(items);
}

async function listLocal(given: Given<typeof contract>): Promise<number> {
  const composed = await openPlugins(given.settings());
  try {
    const found = composed.catalog.list();
    const output = openOutput();
    if (given.flags.json) output.print(JSON.stringify(found, null, 2));
    else output.printTable(COLUMNS, found.map(toRow));
    for (const plugin of found) if (plugin.status === "ready") printWarnings(plugin);
    return exitCodeFor(found);
  } finally {
    await composed.close();
  }
}

function toRow(plugin: PluginInfo): Row {
  return plugin.status === "ready"
    ? { ...plugin, error: null }
    : { ...plugin, version: null, description: null };
}

function exitCodeFor(found: readonly Pick<Row, "status" | "source">[]): number {
  const isBroken = found.some(({ status, source }) => status === "broken" && source !== "built-in");
  return isBroken ? 1 : 0;
}
