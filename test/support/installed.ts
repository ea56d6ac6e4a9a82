import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where scripts/provision-*.sh install: what tests need beyond npm's packages, one folder each. */
export const installedDir = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'neuroninspect', 'servers');
