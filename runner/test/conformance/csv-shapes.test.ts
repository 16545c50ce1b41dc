import { expect, test } from "vitest";
import { scoreCsvFiles } from "../../bench/csv.ts";

/** `npm run bench -- csv` shows the score by shape. Raise this number when the score rises. */
const MIN_RIGHT = 600;

test(`csv-profile reads at least ${MIN_RIGHT} of 600 files in different shapes right`, async () => {
  const { files, right, wrong } = await scoreCsvFiles();
  const reasons = wrong.map(({ file, reason }) => `${reason}: ${JSON.stringify(file.shape)}`);
  expect(files).toBe(600);
  expect(right, reasons.join("\n")).toBeGreaterThanOrEqual(MIN_RIGHT);
});
