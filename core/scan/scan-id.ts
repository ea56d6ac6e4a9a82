import type { ModelSelection } from '../ports/runner.js';
import type { Sha256 } from '../ports/hash.js';
import { ScanError } from './errors.js';
import type { Preprocessing } from './images.js';
import type { Profile } from './profile.js';

export interface ScanSettings {
  readonly profile: Profile;
  readonly preprocessing: Preprocessing;
  readonly selection: ModelSelection;
}

/** Hash of every setting that can change a verdict: 64 hex digits. */
export function profileHash(sha256: Sha256, settings: ScanSettings): string {
  const { profile, preprocessing, selection } = settings;
  return sha256(canonicalJson({ profile, preprocessing, selection }));
}

/** Names a scan: the same model, clean images and settings give the same 64 hex digits on every machine. */
export function scanId(
  sha256: Sha256,
  parts: { readonly modelDigest: string; readonly imagesDigest: string; readonly profileHash: string },
): string {
  const { modelDigest, imagesDigest, profileHash } = parts;
  return sha256(canonicalJson({ modelDigest, imagesDigest, profileHash }));
}

/**
 * JSON with sorted keys and without undefined members, so that equal values have equal texts.
 * @throws ScanError `internal` for what JSON cannot say: NaN, infinity, functions, typed arrays.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number' && Number.isFinite(value)) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
    return `{${members.join(',')}}`;
  }
  throw new ScanError('internal', `a setting of type ${typeof value} cannot be hashed`);
}
