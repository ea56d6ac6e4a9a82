import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { redigest } from '../../test/support/redigest.js';

/** Models that are scanned with the same clean images. */
export interface Fleet {
  readonly images: string;
  readonly models: readonly string[];
  /** Others, scanned one by one before. */
  readonly warmUp: readonly string[];
}

/**
 * So many models of the zoo, repeated under digests of their own; in each group the share it has in the zoo.
 * @param zoo holds `manifest.json`, `models/` and `images/<data set>/`.
 */
export function makeFleet(zoo: string, folder: string, count: number): Fleet[] {
  mkdirSync(folder, { recursive: true });
  const manifest = JSON.parse(readFileSync(join(zoo, 'manifest.json'), 'utf8')) as { file: string; dataset: string }[];
  const write = (file: string, number: number): string => {
    const path = join(folder, `${String(number).padStart(4, '0')}-${file}`);
    writeFileSync(path, redigest(readFileSync(join(zoo, 'models', file)), `bench ${number}`));
    return path;
  };
  // A few are taken from all over the zoo.
  const step = Math.max(1, manifest.length / count);
  const chosen = Array.from({ length: count }, (_, number) => ({
    ...manifest[Math.floor(number * step) % manifest.length]!,
    number,
  }));
  return [...new Set(manifest.map(({ dataset }) => dataset))].map((dataset, group) => ({
    images: join(zoo, 'images', dataset),
    models: chosen.filter((model) => model.dataset === dataset).map(({ file, number }) => write(file, number)),
    warmUp: manifest
      .filter((model) => model.dataset === dataset)
      .slice(0, warmUps)
      .map(({ file }, i) => write(file, 9000 + 100 * group + i)),
  }));
}

/** Two fleets of the same kinds of models. */
export function halves(fleets: readonly Fleet[]): readonly [Fleet[], Fleet[]] {
  const half = (rest: number): Fleet[] =>
    fleets
      .map((fleet) => ({ ...fleet, models: fleet.models.filter((_, i) => i % 2 === rest) }))
      .filter(({ models }) => models.length > 0);
  return [half(0), half(1)];
}

/** The first one of each group finds nothing loaded yet. */
export const warmUps = 6;
