const SECRET = /key|token|secret|sign|auth|pass|code|credential|session/i;

/** The URL for messages, without the values of parameters that look secret. */
export function showUrl(url: string | URL): string {
  const shown = new URL(url);
  for (const name of new Set(shown.searchParams.keys())) {
    if (SECRET.test(name)) shown.searchParams.set(name, "***");
  }
  shown.hash = "";
  return shown.href;
}

/** Throws if it cannot be requested. The message has no secret. */
export function parseUrl(written: string): URL {
  const url = URL.parse(written);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    const shown = url === null || url.username === "" ? JSON.stringify(written.slice(0, 200)) : "…";
    throw new Error(`url is ${shown}: it must be an http or https URL`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new Error(
      `url has a user name or a password before ${JSON.stringify(url.host)}: send them in the header authorization`,
    );
  }
  return url;
}
