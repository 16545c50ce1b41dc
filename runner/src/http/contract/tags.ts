/** Tags of jobs. */
import { z } from "zod";

export const MAX_TAGS = 10;

/** Its characters need no encoding in a URL's query. */
export const Tag = z
  .string()
  .regex(/^[A-Za-z0-9_.:/@=-]{1,64}$/, {
    error: "must be 1 to 64 letters from A to Z, digits, and characters from - _ . : / @ =",
  })
  .meta({ examples: ["customer:7"] });

export const Tags = z.array(Tag).max(MAX_TAGS);
