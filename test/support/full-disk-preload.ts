/** Imported before a program where nothing may be mounted: no file can be opened for writing below the folder `FULL_DISK`. */
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { resolve, sep } from 'node:path';

const folder = resolve(process.env.FULL_DISK!) + sep;
const open = fs.open.bind(fs);
fs.open = (path, flags, mode) => {
  if (flags !== undefined && flags !== 'r' && resolve(String(path)).startsWith(folder)) {
    const error = new Error(`ENOSPC: no space left on device, open '${String(path)}'`);
    return Promise.reject(Object.assign(error, { code: 'ENOSPC', errno: -28 }));
  }
  return open(path, flags, mode);
};
syncBuiltinESMExports();
