/** Prints how many cases of each group are right, and sets the exit code if fewer are than must be. */

export interface Case {
  readonly group: string;
  readonly name: string;
  /** Resolves to what is wrong, or null. Rejects if the plugin fails. */
  readonly run: () => Promise<string | null>;
  /** Why the case cannot run on this machine. */
  readonly skip?: string;
}

interface Group {
  right: number;
  wrong: number;
  skipped: number;
}

interface Total {
  readonly plugin: string;
  readonly score: string;
  readonly isEnough: boolean;
}

const totals: Total[] = [];

/** Prints the scores that were printed before, one line for each. */
export function printTotals(): void {
  const lines = totals.map(
    ({ plugin, score, isEnough }) =>
      `${plugin.padEnd(24)}${score.padStart(16)}${isEnough ? "" : "  too low"}`,
  );
  process.stdout.write(
    `\n${[`${"plugin".padEnd(24)}${"right".padStart(16)}`, ...lines].join("\n")}\n`,
  );
}

export async function printScore(title: string, cases: readonly Case[]): Promise<void> {
  const groups = new Map<string, Group>();
  const lines: string[] = [];
  for (const { group, name, run, skip } of cases) {
    const counts = groups.get(group) ?? { right: 0, wrong: 0, skipped: 0 };
    groups.set(group, counts);
    if (skip !== undefined) {
      counts.skipped += 1;
      lines.push(`skipped  ${group}: ${name}: ${skip}`);
      continue;
    }
    const fault = await run().catch((error: unknown) => `failed: ${String(error)}`);
    counts[fault === null ? "right" : "wrong"] += 1;
    if (fault !== null) lines.push(`wrong    ${group}: ${name}: ${fault}`);
  }
  const total = { right: 0, wrong: 0, skipped: 0 };
  const row = (name: string, { right, wrong, skipped }: Group): string =>
    [name.padEnd(24), ...[right, wrong, skipped].map((count) => String(count).padStart(8))].join(
      "",
    );
  const table = [`${title.padEnd(24)}   right   wrong skipped`];
  for (const [name, counts] of groups) {
    table.push(row(name, counts));
    for (const key of ["right", "wrong", "skipped"] as const) total[key] += counts[key];
  }
  process.stdout.write(`${[...table, row("all", total), ...lines].join("\n")}\n`);
  const score = `${total.right} of ${total.right + total.wrong}`;
  addTotal({ plugin: title, score, isEnough: total.wrong === 0 });
}

export interface Percent {
  readonly name: string;
  readonly percent: number;
}

/** Prints each score and their mean, and sets the exit code if the mean is below the floor. */
export function printPercents(
  title: string,
  scores: readonly Percent[],
  { floor }: { floor: number },
): void {
  const mean = scores.reduce((sum, { percent }) => sum + percent, 0) / scores.length;
  const rows = [...scores, { name: `mean, at least ${floor}`, percent: mean }];
  const lines = rows.map(
    ({ name, percent }) => `${name.padEnd(24)}${percent.toFixed(1).padStart(8)} %`,
  );
  process.stdout.write(`${[title, ...lines].join("\n")}\n`);
  addTotal({ plugin: title, score: `${mean.toFixed(1)} %`, isEnough: mean >= floor });
}

function addTotal(total: Total): void {
  totals.push(total);
  if (!total.isEnough) process.exitCode = 1;
}
