#!/usr/bin/env node
import { runService } from '../common/run.js';
import { work } from './work.js';

await runService((stopping) => work(process.env, stopping), { service: 'worker' });
