#!/usr/bin/env node
import { runService } from '../common/run.js';
import { orchestrate } from './orchestrate.js';

await runService((stopping) => orchestrate(process.env, stopping), { service: 'orchestrator' });
