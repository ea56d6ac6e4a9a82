import type { Refusals } from './errors.js';

/** @throws ScanError `model-malformed` for what is no JSON. */
export function parseJson(text: string, what: string, refuse: Refusals): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (thrown) {
    return refuse.malformed(`${what} is no JSON (${(thrown as Error).message.slice(0, 200)})`);
  }
}
