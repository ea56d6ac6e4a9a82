import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { repoRoot } from '../../../support/paths.js';

test('proto/gen is what the schema gives', () => {
  execFileSync('bash', [join(repoRoot, 'scripts/generate-proto.sh'), '--check'], { stdio: 'pipe' });
});
