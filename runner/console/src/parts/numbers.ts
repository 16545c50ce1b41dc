const count = new Intl.NumberFormat("en");
const percent = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 1 });

export function formatCount(value: number): string {
  return count.format(value);
}

export function formatPercent(fraction: number): string {
  return percent.format(fraction);
}

const UNITS = ["bytes", "kB", "MB", "GB", "TB"];

/** "812 bytes", "48 MB", "1.5 GB", in powers of 1000. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1_000;
    unit += 1;
  }
  const digits = unit > 0 && value < 9.95 ? 1 : 0;
  return `${unit === 0 ? count.format(value) : value.toFixed(digits)} ${UNITS[unit]}`;
}

/** "1 job", "12 jobs". */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count.format(value)} ${value === 1 ? one : many}`;
}
