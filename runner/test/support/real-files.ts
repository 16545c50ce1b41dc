/** Paths of real input files, which npm packages ship. */
import { fileURLToPath } from "node:url";

/** CSV, JSON and PNG files. */
export const VEGA_DATA = fileURLToPath(
  new URL("../../../node_modules/vega-datasets/data", import.meta.url),
);
/** underscore's documentation: `index.html`, 90 KB. */
export const UNDERSCORE = fileURLToPath(new URL("../../node_modules/underscore", import.meta.url));
