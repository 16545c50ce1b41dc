const SECRET = /key|token|secret|sign|auth|pass|code|credential|session/i;

/** The URL for messages, without the values of parameters that look secret. */
export function showUrl(url: string | URL): string {
  const shown = URL.parse(String(url));
  if (shown === null) return String(url);
  const secret = [...new Set(shown.searchParams.keys())].filter((name) => SECRET.test(name));
  // As it was written, where nothing is to be hidden.
  if (secret.length === 0 && shown.hash === "") return String(url);
  for (const name of secret) shown.searchParams.set(name, "***");
  shown.hash = "";
  return shown.href;
}
