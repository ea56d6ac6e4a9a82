import { proxyActivities } from '@temporalio/workflow';

const { measure } = proxyActivities<{ measure(): Promise<string> }>({ startToCloseTimeout: '1 minute' });

/** For `tracing.server.test.ts`. */
export async function traced(): Promise<string> {
  return await measure();
}
