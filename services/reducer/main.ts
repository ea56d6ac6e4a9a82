#!/usr/bin/env node
import { runService } from '../common/run.js';
import { reduce } from './reduce.js';

await runService((stopping) => reduce(process.env, stopping), { service: 'reducer' });
