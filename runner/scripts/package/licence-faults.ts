import { title, type ShippedPackage } from "./shipped-packages.ts";

/** Licences that ask for no more than their text and a notice. */
const ALLOWED: ReadonlySet<string> = new Set([
  "0BSD",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "BlueOak-1.0.0",
  "CC0-1.0",
  "ISC",
  "MIT",
  "MIT-0",
  "Python-2.0",
  "Unicode-3.0",
  "Unlicense",
]);

/** libvips is a shared library in a package of its own, which a user can replace, as the LGPL asks. */
const EXCEPTIONS: readonly { readonly name: RegExp; readonly licence: string }[] = [
  { name: /^@img\/sharp-libvips-/, licence: "LGPL-3.0-or-later" },
];

/** One line for each package whose licence is not allowed; empty when all are. */
export function licenceFaults(packages: readonly ShippedPackage[]): readonly string[] {
  return packages
    .filter((each) => !isAllowed(each))
    .map(
      (each) =>
        `${title(each)} has the licence "${each.licence}": it must be one of ${[...ALLOWED].join(", ")}, or an exception in runner/scripts/package/licence-faults.ts`,
    );
}

function isAllowed({ name, licence }: ShippedPackage): boolean {
  const isException = EXCEPTIONS.some((each) => each.licence === licence && each.name.test(name));
  return isException || fits(licence);
}

/** SPDX: `A OR B` is a choice, `A AND B` binds tighter and asks for both. */
function fits(expression: string): boolean {
  const choices = expression.replaceAll(/[()]/g, "").split(" OR ");
  return choices.some((choice) => choice.split(" AND ").every((id) => ALLOWED.has(id.trim())));
}
