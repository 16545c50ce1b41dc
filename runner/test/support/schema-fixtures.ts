/** Databases of every schema there has been, made by the code of its time (scripts/make-schema-fixture.ts). */
import { readdirSync } from "node:fs";

const FOLDER = new URL("schemas/", import.meta.url);

export function schemaFixture(version: number): URL {
  return new URL(`${String(version).padStart(4, "0")}.db.gz`, FOLDER);
}

/** The versions that there are, in order. */
export function schemaFixtureVersions(): number[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith(".db.gz"))
    .map((name) => Number.parseInt(name, 10))
    .toSorted((a, b) => a - b);
}
