/** Throws an Error that names `url` if it is not a whole http or https URL. */
export function checkHttpUrl(url: string): void {
  if (/^https?:$/.test(URL.parse(url)?.protocol ?? "")) return;
  throw new Error(
    `url is ${JSON.stringify(url)}: it must be a whole http or https URL, such as "https://example.com/data"`,
  );
}
