import { expect, test } from "vitest";
import { readCsvFiles } from "../../bench/csv.ts";

/** `npm run bench -- csv` shows the score by shape. */
test("csv-profile reads 600 files in different shapes right", async () => {
  const results = await readCsvFiles();
  const wrong = results.filter(({ reason }) => reason !== null);
  expect(results).toHaveLength(600);
  expect(wrong.map(({ file, reason }) => `${reason}: ${JSON.stringify(file.shape)}`)).toEqual([]);
});
