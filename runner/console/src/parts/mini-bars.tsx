interface MiniBarsProps {
  /** From the oldest to the newest. */
  readonly bars: readonly {
    readonly total: number;
    readonly failed: number;
    readonly label: string;
  }[];
  /** What the bars show, for screen readers. */
  readonly label: string;
}

const HEIGHT = 24;
const STEP = 5;

/** Small bars over time. The failed part is at the top of a bar. */
export function MiniBars({ bars, label }: MiniBarsProps) {
  const most = Math.max(1, ...bars.map(({ total }) => total));
  return (
    <svg
      class="mini-bars"
      viewBox={`0 0 ${bars.length * STEP} ${HEIGHT}`}
      role="img"
      aria-label={label}
      preserveAspectRatio="none"
    >
      {bars.map(({ total, failed, label: title }, index) => {
        const height = total === 0 ? 1 : Math.max(2, (total / most) * HEIGHT);
        const bad = total === 0 ? 0 : (failed / total) * height;
        return (
          <g key={index}>
            <title>{title}</title>
            <rect
              class={total === 0 ? "none" : "ok"}
              x={index * STEP}
              y={HEIGHT - height}
              width={STEP - 1}
              height={height}
            />
            {bad > 0 && (
              <rect
                class="bad"
                x={index * STEP}
                y={HEIGHT - height}
                width={STEP - 1}
                height={Math.max(1.5, bad)}
              />
            )}
          </g>
        );
      })}
    </svg>
  );
}
