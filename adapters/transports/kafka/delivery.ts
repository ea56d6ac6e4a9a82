import type { IHeaders, KafkaMessage } from 'kafkajs';
import type { Delivery, Topic } from '../../../core/ports/transport.js';

const maxHeaders = 16;
const maxHeaderBytes = 1024;

export function toDelivery(topic: Topic, partition: number, message: KafkaMessage): Delivery {
  return {
    topic,
    partition,
    offset: message.offset,
    publishedAt: Number(message.timestamp),
    key: message.key?.toString() ?? '',
    value: message.value ?? new Uint8Array(),
    headers: readHeaders(message.headers ?? {}),
  };
}

/** Headers are for tracing only, so what is too large or too much is left out. */
function readHeaders(headers: IHeaders): Record<string, string> {
  const read: [string, string][] = [];
  for (const [name, value] of Object.entries(headers)) {
    const single = Array.isArray(value) ? value[0] : value;
    if (single === undefined || single.length > maxHeaderBytes || name.length > maxHeaderBytes) continue;
    read.push([name, single.toString()]);
    if (read.length === maxHeaders) break;
  }
  return Object.fromEntries(read);
}
