/**
 * Where a redirect leads to, in words, or undefined. It becomes part of a log line, which must not
 * contain the path of a webhook: paths often contain a secret.
 */
export function redirectTarget(from: string, location: string | undefined): string | undefined {
  const source = URL.parse(from);
  const target = location === undefined ? null : URL.parse(location, from);
  if (source === null || target === null) return undefined;
  if (target.origin !== source.origin) return target.origin;
  if (target.pathname === `${source.pathname}/`) return "the same path with a slash at its end";
  return `another path of ${target.origin}`;
}
