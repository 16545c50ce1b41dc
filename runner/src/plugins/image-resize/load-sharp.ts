import type Sharp from "sharp";

export async function loadSharp(): Promise<typeof Sharp> {
  const { default: sharp } = await import("sharp");
  // The plugin pool already has one thread per core. A cache would outlive the job.
  sharp.concurrency(1);
  sharp.cache(false);
  return sharp;
}
