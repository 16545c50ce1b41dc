import type { Cluster } from "../test/support/postgres/cluster.ts";

/** Creates an empty database in the cluster. Returns its URL. */
export async function createDatabase(cluster: Cluster, name: string): Promise<string> {
  await cluster.query(`CREATE DATABASE ${name}`);
  const url = new URL(cluster.url);
  url.pathname = `/${name}`;
  return url.href;
}
