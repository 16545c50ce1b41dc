/** The score of csv-profile over 600 files in different shapes. */
import { readCsvFiles } from "../csv.ts";
import { printScore, type Case } from "./score.ts";

const results = await readCsvFiles();
const cases = results.map(({ file: { shape }, reason }): Case => ({
  group: `delimiter ${JSON.stringify(shape.delimiter)}`,
  name: JSON.stringify(shape),
  run: () => Promise.resolve(reason),
}));

await printScore("csv-profile", cases);
