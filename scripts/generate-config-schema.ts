import { writeFile } from 'node:fs/promises';
import { format, resolveConfig } from 'prettier';
import { configSchema } from '../services/cli/config/json-schema.js';

/** `node dist/scripts/generate-config-schema.js`, in the repository's root, after a build. */
const file = 'docs/schemas/config.schema.json';
const text = await format(JSON.stringify(await configSchema()), { ...(await resolveConfig(file)), filepath: file });
await writeFile(file, text);
