#!/usr/bin/env node
// Starts src/main.ts with a compile cache, which must be on before the first TypeScript file is
// read: with it, Node need not load its type stripper (18 MB a thread) and starts in half the time.
import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";

// The variable is for the threads, which do not inherit the call.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL("../.cache/compile", import.meta.url));
enableCompileCache(process.env.NODE_COMPILE_CACHE);
await import("../src/main.ts");
