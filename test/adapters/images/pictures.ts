import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import sharp, { type Sharp } from 'sharp';

/** A folder that is gone after the test, with these files in it. */
export function folderOf(t: TestContext, files: Readonly<Record<string, string | Uint8Array>> = {}): string {
  const root = mkdtempSync(join(tmpdir(), 'neuroninspect-images-'));
  t.after(() => {
    rmSync(root, { recursive: true, force: true });
  });
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  }
  return root;
}

/** A gray PNG whose pixels all have this value. */
export async function grayPng(value: number, height = 2, width = 3): Promise<Buffer> {
  return raw(new Uint8Array(height * width).fill(value), width, 1)
    .toColourspace('b-w')
    .png()
    .toBuffer();
}

export async function rgbPng(pixels: ArrayLike<number>, width: number): Promise<Buffer> {
  return raw(Uint8Array.from(pixels), width, 3).png().toBuffer();
}

export function raw(
  pixels: Uint8Array | Uint16Array,
  width: number,
  channels: 1 | 2 | 3 | 4,
  extra: { pageHeight?: number } = {},
): Sharp {
  return sharp(pixels, { raw: { width, height: pixels.length / channels / width, channels, ...extra } });
}
