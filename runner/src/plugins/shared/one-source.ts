/** The check that an input says in one way where the data is. */

interface Check {
  addIssue(message: string): void;
}

/**
 * Adds an issue unless one of the sources has a value. `file` counts alone beside `url`, which is then where the
 * file came from: the output of http-fetch has both.
 */
export function requireOneSource(sources: Readonly<Record<string, unknown>>, check: Check): void {
  const names = Object.keys(sources);
  const given = names.filter((name) => sources[name]);
  const counted = given.includes("file") ? given.filter((name) => name !== "url") : given;
  if (counted.length === 1) return;
  const which = `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
  check.addIssue(
    `exactly one of ${which} is required, but the input has ${given.join(" and ") || "none"}`,
  );
}
