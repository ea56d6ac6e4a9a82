// Makes `npx --no-install neuroninspect` run the command that was just built. A `bin` entry in package.json would not: npx
// then installs the checkout into its own cache first, which needs a network.
import { chmodSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';

const command = 'dist/services/cli/main.js';
const link = 'node_modules/.bin/neuroninspect';

chmodSync(command, 0o755);
mkdirSync('node_modules/.bin', { recursive: true });
rmSync(link, { force: true });
symlinkSync(`../../${command}`, link);
