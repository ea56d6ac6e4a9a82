import { configurableOptions } from '../options/index.js';
import type { Option } from '../options/option.js';
import { keyOf } from '../options/option.js';

/** JSON Schema (draft 2020-12) of the config file, from the option table. */
export async function configSchema(): Promise<Record<string, unknown>> {
  const { z } = await import('zod');
  const properties = Object.entries<Option<unknown>>(configurableOptions).map(([name, option]) => {
    const schema = Object.entries(z.toJSONSchema(option.schema(z), { io: 'input' })).filter(
      ([key]) => key !== '$schema',
    );
    const description = describe(option);
    const byDefault = option.default === undefined ? {} : { default: option.default };
    return [keyOf(name), { description, ...listOrOne(Object.fromEntries(schema), option), ...byDefault }];
  });
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'neuroninspect.yaml',
    description: 'Settings of neuroninspect. A flag and an environment variable go before a key of this file.',
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(properties),
  };
}

/** A switch that is on by default is described in the help by what its `--no-` flag does. */
function describe({ kind, default: byDefault, description }: Option<unknown>): string {
  return kind === 'boolean' && byDefault === true ? `false: ${description}` : description;
}

function listOrOne(schema: Record<string, unknown>, option: Option<unknown>): Record<string, unknown> {
  if (option.kind !== 'numbers' && option.kind !== 'texts') return schema;
  return { anyOf: [schema, schema.items] };
}
