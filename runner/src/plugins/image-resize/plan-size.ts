/** The size of the result, as sharp calculates it, so that limits are checked before any work. */
export const FITS = ["inside", "cover", "contain", "fill", "outside"] as const;

export interface SizeOptions {
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  readonly fit: (typeof FITS)[number];
  readonly withoutEnlargement: boolean;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export function planSize(original: Size, options: SizeOptions): Size {
  const { width, height } = options;
  const [across, down] = shrinkFactors(original, options);
  const scaled = {
    width: Math.max(1, Math.round(original.width / across)),
    height: Math.max(1, Math.round(original.height / down)),
  };
  if (width === undefined || height === undefined) return scaled;
  if (options.fit === "cover") return combine(Math.min, scaled, { width, height });
  if (options.fit === "contain") return combine(Math.max, scaled, { width, height });
  return scaled;
}

function combine(pick: (a: number, b: number) => number, one: Size, other: Size): Size {
  return { width: pick(one.width, other.width), height: pick(one.height, other.height) };
}

/** By how much each side shrinks. A factor below 1 enlarges. */
function shrinkFactors(original: Size, options: SizeOptions): readonly [number, number] {
  const across = options.width === undefined ? null : original.width / options.width;
  const down = options.height === undefined ? null : original.height / options.height;
  const atLeast = options.withoutEnlargement ? 1 : 0;
  const limit = (factor: number): number => Math.max(factor, atLeast);
  if (across === null || down === null) {
    const both = limit(across ?? down ?? 1);
    return [both, both];
  }
  if (options.fit === "fill") return [limit(across), limit(down)];
  const fills = options.fit === "cover" || options.fit === "outside";
  const both = limit(fills ? Math.min(across, down) : Math.max(across, down));
  return [both, both];
}
