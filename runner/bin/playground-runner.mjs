#!/usr/bin/env node
// Starts src/main.ts with a compile cache, which must be on before the first TypeScript file is read.
// With it, Node does not load its type stripper (18 MB per thread) and starts in half the time.
import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";

// The variable turns the cache on in the threads, which do not inherit the call below.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL("../.cache/compile", import.meta.url));
enableCompileCache(process.env.NODE_COMPILE_CACHE);
await import("../src/main.ts");
