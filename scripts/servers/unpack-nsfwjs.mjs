// nsfwjs ships each file of a model as a script that returns JSON or base64. Usage: unpack-nsfwjs.mjs FROM TO
import { Buffer } from 'node:buffer';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import process from 'node:process';

const [from, to] = process.argv.slice(2);
const require = createRequire(import.meta.url);
for (const model of readdirSync(from)) {
  mkdirSync(join(to, model));
  for (const script of readdirSync(join(from, model))) {
    const content = require(join(from, model, script));
    const name = script.replace(/\.min\.js$/, '');
    if (name === 'model') writeFileSync(join(to, model, 'model.json'), JSON.stringify(content));
    else writeFileSync(join(to, model, name), Buffer.from(content, 'base64'));
  }
}
