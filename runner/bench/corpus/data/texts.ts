/** Texts for text-chunk, with the sentences that they consist of. */
export interface CorpusText {
  readonly kind: string;
  readonly options: {
    readonly language?: string;
    readonly maxTokens: number;
    readonly overlapTokens: number;
  };
  /** A chunk can end at the end of each of these. None is longer than the limit. */
  readonly parts: readonly string[];
}

const repeat = (parts: readonly string[]) => [1, 2, 3, 4, 5].flatMap(() => parts);
const options = (language: string, maxTokens = 60) => ({ language, maxTokens, overlapTokens: 0 });

export const TEXTS: readonly CorpusText[] = [
  {
    kind: "English",
    options: options("en", 40),
    parts: repeat([
      "Dr. Ada M. Byron came to St. Ives at 5 p.m. on Monday. ",
      "Is the mill open? ",
      "It cost $3.50 vs. $4 last year, said Mr. Lee. ",
    ]),
  },
  {
    kind: "hard lines",
    options: options("en", 40),
    parts: repeat([
      "The wheel turns only when the river\nis high, and the river is high only\nin spring. ",
      "Nobody\ngrinds in summer. ",
    ]),
  },
  {
    kind: "German",
    options: options("de", 50),
    parts: repeat([
      "Am 29. Juli kam Prof. Weiß z. B. mit dem Boot. ",
      "Das Rad steht seit dem 3. Mai still. ",
    ]),
  },
  {
    kind: "Chinese",
    options: options("zh"),
    parts: repeat(["磨坊主每天早上去河边看水。", "水高的时候，轮子转得很快！", "今天没有风吗？"]),
  },
  {
    kind: "Japanese",
    options: options("ja"),
    parts: repeat(["粉屋は毎朝川へ行きます。", "水が高いとき、車輪は速く回る。"]),
  },
  {
    kind: "list",
    options: options("en", 24),
    parts: repeat(["- ten sacks of rye\n", "- a new wheel of oak\n", "- ropes for the ferry\n"]),
  },
  {
    kind: "Markdown",
    options: options("en", 40),
    parts: repeat([
      "## Wheel\n\nIt is made of oak. ",
      "It turns.\n\n",
      "```sh\nturn --slow\n\nstop\n```\n\n",
    ]),
  },
];
