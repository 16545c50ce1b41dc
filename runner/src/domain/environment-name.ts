/** The names of the environment variables that plugins declare and read. Pure. */

const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,127}$/;
const OWN = "PLAYGROUND_";

/** Returns what is wrong with a name that a plugin declares, or null if it is right. */
export function environmentNameFault(name: unknown): string | null {
  if (typeof name !== "string" || !NAME.test(name)) {
    return "it must be the name of an environment variable, such as REPORT_URL";
  }
  if (name.startsWith(OWN)) {
    return `plugins get no variable of the daemon's own, which begin with ${OWN}: declare a secret, or use another name`;
  }
  return null;
}

/** Variables of the system, of Node.js and of common tools, which no plugin has to declare. None is a secret. */
const SYSTEM_NAMES = new Set(
  [
    "PATH HOME USER LOGNAME SHELL PWD OLDPWD SHLVL _ HOSTNAME LANG LANGUAGE TZ TMPDIR TMP TEMP CI DEBUG",
    "TERM COLORTERM COLUMNS LINES NO_COLOR FORCE_COLOR",
    "HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY SSL_CERT_FILE SSL_CERT_DIR",
    "NODE_ENV NODE_OPTIONS NODE_PATH NODE_DEBUG NODE_DEBUG_NATIVE NODE_EXTRA_CA_CERTS NODE_ICU_DATA",
    "NODE_NO_WARNINGS NODE_TLS_REJECT_UNAUTHORIZED NODE_USE_ENV_PROXY NODE_V8_COVERAGE",
    "NODE_COMPILE_CACHE NODE_DISABLE_COLORS NODE_PENDING_DEPRECATION UV_THREADPOOL_SIZE UV_USE_IO_URING",
    "LD_LIBRARY_PATH LD_PRELOAD MALLOC_ARENA_MAX MALLOC_MMAP_THRESHOLD_ MALLOC_TRIM_THRESHOLD_",
    "FONTCONFIG_FILE FONTCONFIG_PATH",
    "SYSTEMROOT SYSTEMDRIVE WINDIR COMSPEC PATHEXT OS USERPROFILE",
    "APPDATA LOCALAPPDATA PROGRAMDATA PROGRAMFILES",
  ].flatMap((line) => line.split(" ")),
);
const SYSTEM_PREFIXES = ["LC_", "XDG_"];

export function isSystemVariable(name: string): boolean {
  const upper = name.toUpperCase();
  return SYSTEM_NAMES.has(upper) || SYSTEM_PREFIXES.some((prefix) => upper.startsWith(prefix));
}
