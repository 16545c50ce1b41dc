/** One PostgreSQL for all tests of a run. Each test has a schema of its own. */
import type { TestProject } from "vitest/node";
import { startCluster } from "./cluster.ts";

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const cluster = await startCluster();
  project.provide("postgresUrl", cluster.url);
  return () => cluster.remove();
}

declare module "vitest" {
  export interface ProvidedContext {
    postgresUrl: string;
  }
}
