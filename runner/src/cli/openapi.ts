import { createOpenApiDocument } from "../http/openapi.ts";

export async function openapi(): Promise<number> {
  process.stdout.write(`${JSON.stringify(createOpenApiDocument(), null, 2)}\n`);
  return 0;
}
