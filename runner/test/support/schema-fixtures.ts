/** A database of every released schema, created by the code of its time (make-schema-fixture.ts). */
import { readdirSync } from "node:fs";

const FOLDER = new URL("schemas/", import.meta.url);

export function schemaFixture(version: number): URL {
  return new URL(`${String(version).padStart(4, "0")}.db.gz`, FOLDER);
}

/** Returns the versions that have a fixture, in order. */
export function schemaFixtureVersions(): number[] {
  return readdirSync(FOLDER)
    .filter((name) => name.endsWith(".db.gz"))
    .map((name) => Number.parseInt(name, 10))
    .toSorted((a, b) => a - b);
}
