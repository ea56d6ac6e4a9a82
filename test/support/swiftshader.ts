import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { installedDir } from './installed.js';

/** What a process needs in its environment to find a Vulkan driver that computes on the CPU. */
export function swiftshaderEnvironment(runtimeDir: string): Record<string, string> {
  return { VK_ICD_FILENAMES: driver(), XDG_RUNTIME_DIR: runtimeDir };
}

/** As scripts/provision-swiftshader.sh leaves it. */
function driver(): string {
  if (process.env.VK_ICD_FILENAMES) return process.env.VK_ICD_FILENAMES;
  const names = existsSync(installedDir) ? readdirSync(installedDir) : [];
  const folders = ['/usr/lib/chromium', ...names.filter((name) => /^swiftshader-\d/.test(name)).map(inCache)];
  const found = folders.map((folder) => join(folder, 'vk_swiftshader_icd.json')).find((file) => existsSync(file));
  if (!found) throw new Error('SwiftShader is missing: run scripts/provision-swiftshader.sh');
  return found;

  function inCache(name: string): string {
    return join(installedDir, name);
  }
}
