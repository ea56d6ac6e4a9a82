/**
 * A classifier as trigger inversion sees it. Images are in unit space (0 black, 1 white), row-major [n, C, H, W]; the
 * model's own preprocessing is inside.
 */
export interface InversionModel {
  readonly dims: readonly [channels: number, height: number, width: number];
  readonly classes: number;
  /** Logits, row-major [n, classes]. */
  predict(images: Float32Array, n: number): Promise<Float32Array>;
  /**
   * Softmax cross-entropy to class `target`: `loss` per image, `gradient` of the summed (not averaged) loss with respect to
   * the images, [n, C, H, W].
   */
  lossGradient(
    images: Float32Array,
    n: number,
    target: number,
  ): Promise<{ readonly loss: Float32Array; readonly gradient: Float32Array }>;
}
