/**
 * `node runner/scripts/licences.ts` checks the licences of everything that is shipped, and exits with
 * 1 if one is not allowed. `--write FILE` writes THIRD-PARTY.md to FILE as well.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { licenceFaults } from "./package/licence-faults.ts";
import { SHIPPED_DIRS } from "./package/shipped-dirs.ts";
import { shippedPackages } from "./package/shipped-packages.ts";
import { renderThirdParty } from "./package/third-party.ts";

const { values } = parseArgs({ options: { write: { type: "string" } } });
const packages = shippedPackages(SHIPPED_DIRS);
const faults = licenceFaults(packages);
if (values.write !== undefined) writeFileSync(values.write, renderThirdParty(packages));
process.stdout.write(
  faults.length === 0
    ? `The licences of ${packages.length} packages are allowed.\n`
    : `${faults.join("\n")}\n`,
);
process.exitCode = faults.length === 0 ? 0 : 1;
