interface BarProps {
  /** From 0 to 1. */
  readonly fraction: number;
  readonly label: string;
}

export function Bar({ fraction, label }: BarProps) {
  return <progress class="bar" max={1} value={fraction} aria-label={label} />;
}
