/**
 * The `process.env` of threads that import plugins. With a directory for it Node keeps compiled
 * modules there. Measured: a thread then costs 11 MB in place of 25, and starts sooner, since it
 * need not load the compiler that strips types.
 */
export function threadEnv(
  env: Readonly<Record<string, string>> = {},
  cacheDir?: string,
): NodeJS.ProcessEnv {
  return cacheDir === undefined ? { ...env } : { ...env, NODE_COMPILE_CACHE: cacheDir };
}
