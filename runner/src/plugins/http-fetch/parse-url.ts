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
