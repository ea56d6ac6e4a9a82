/** Image side that window sizes, mask weight and energy threshold are stated for. */
const referenceSide = 32;

/**
 * How many times longer the shorter side is than 32 pixels, at least 1. A trigger that covers the same part of a larger
 * image has more pixels, so lengths grow with it and areas with its square; images up to 32 pixels are left alone.
 */
export function sideScale(height: number, width: number): number {
  return Math.max(1, Math.min(height, width) / referenceSide);
}
