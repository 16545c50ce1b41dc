#!/usr/bin/env node
// Starts src/main.ts with a compile cache, which must be on before the first TypeScript file is
// read: with it, Node need not load its type stripper (18 MB) and starts in half the time.
import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";

enableCompileCache(fileURLToPath(new URL("../.cache/compile", import.meta.url)));
await import("../src/main.ts");
