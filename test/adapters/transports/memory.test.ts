import { createMemoryTransport } from '../../../adapters/transports/memory/index.js';
import { runTransportContract } from '../../contract/transport.js';

runTransportContract({
  name: 'memory',
  newBroker: () => {
    const first = createMemoryTransport();
    const clients = [first];
    return Promise.resolve({
      connect(onEvent) {
        const client = first.attach({ onEvent, pauses: { first: 5, max: 20 } });
        clients.push(client);
        return client;
      },
      async close() {
        await Promise.all(clients.map((client) => client.close()));
      },
    });
  },
});
