import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { title, type ShippedPackage } from "./shipped-packages.ts";

const LICENCE_FILE = /^(?:licen[cs]e|notice|copying)(?:[.-].*)?$/i;

/** THIRD-PARTY.md: every package with its licence, and each licence's text once. */
export function renderThirdParty(packages: readonly ShippedPackage[]): string {
  const texts = new Map<string, string[]>();
  for (const each of packages) {
    const text = licenceText(each);
    texts.set(text, [...(texts.get(text) ?? []), title(each)]);
  }
  const rows = packages.map(
    ({ name, version, licence }) => `| ${name} | ${version} | ${licence} |`,
  );
  const sections = [...texts].map(
    ([text, titles]) => `## ${titles.join(", ")}\n\n~~~text\n${text}\n~~~\n`,
  );
  return `# Third-party software

playground-runner uses these packages, each under its own licence.

| package | version | licence |
| --- | --- | --- |
${rows.join("\n")}

${sections.join("\n")}`;
}

function licenceText({ dir, licence }: ShippedPackage): string {
  const files = readdirSync(dir, { withFileTypes: true })
    .filter((entry) => entry.isFile() && LICENCE_FILE.test(entry.name))
    .map(({ name }) => readFileSync(join(dir, name), "utf8").trim());
  return files.length > 0
    ? files.join("\n\n")
    : `The package has no licence file. Its package.json names the licence ${licence}.`;
}
