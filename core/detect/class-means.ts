/** Row-major classes x images. */
export interface FeatureMatrix {
  readonly values: ArrayLike<number>;
  readonly classes: number;
  readonly images: number;
}

/**
 * Mean over all images, per class. Here and below sums run in double precision over images in ascending order, so the
 * result has the same bits however the matrix was computed in shards.
 */
export function classMeans({ values, classes, images }: FeatureMatrix): number[] {
  return Array.from({ length: classes }, (_, index) => {
    let sum = 0;
    for (let image = 0; image < images; image++) sum += values[index * images + image]!;
    return sum / images;
  });
}

/**
 * Mean over the images of *other* classes: on its own images a class has a large gain for a good reason. A class that owns
 * every image is averaged over all of them.
 * @param own class of each image
 */
export function otherClassMeans(matrix: FeatureMatrix, own: readonly number[]): number[] {
  const { values, classes, images } = matrix;
  const all = classMeans(matrix);
  return Array.from({ length: classes }, (_, index) => {
    let sum = 0;
    let count = 0;
    for (let image = 0; image < images; image++) {
      if (own[image] === index) continue;
      sum += values[index * images + image]!;
      count++;
    }
    return count > 0 ? sum / count : all[index]!;
  });
}
