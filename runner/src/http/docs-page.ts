export const DOCS_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";
import type { OpenApiDocument } from "./openapi.ts";
export function renderDocs(document: OpenApiDocument): string {
  return `<pre>${JSON.stringify(document)}</pre>`;
}
