#!/usr/bin/env node
// Starts src/main.ts with a compile cache, which must be on before the first TypeScript file is read.
// With it, Node does not load its type stripper (18 MB per thread) and starts in half the time.
// An older Node must be able to parse this file, and then to say what it needs.
import nodeModule from "node:module";
import { fileURLToPath } from "node:url";

const REQUIRED_MAJOR = 24;

if (Number(process.versions.node.split(".")[0]) < REQUIRED_MAJOR) {
  process.stderr.write(
    `playground-runner needs Node ${REQUIRED_MAJOR} or later, but this is Node ${process.versions.node} (${process.execPath}). Install it from https://nodejs.org, or run \`npx --package node@${REQUIRED_MAJOR} --package playground-runner playground-runner\`.\n`,
  );
  process.exitCode = 1;
} else {
  // The variable turns the cache on in the threads, which do not inherit the call below.
  if (!process.env.NODE_COMPILE_CACHE) {
    process.env.NODE_COMPILE_CACHE = fileURLToPath(new URL("../.cache/compile", import.meta.url));
  }
  nodeModule.enableCompileCache(process.env.NODE_COMPILE_CACHE);
  void import("../src/main.ts");
}
