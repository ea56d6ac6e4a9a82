import kafkajs from 'kafkajs';
import type { Assignment, PartitionAssigner } from 'kafkajs';
import { spread } from '../intake/spread.js';

const { MemberMetadata, MemberAssignment } = kafkajs.AssignerProtocol;

/**
 * Every member tells what it has when it joins, and keeps it as far as its share allows: a worker that comes or goes takes
 * away as little work in progress as possible.
 *
 * @param owned what this consumer has, Kafka topic by Kafka topic.
 */
export function stickyAssigner(owned: () => Assignment): PartitionAssigner {
  return ({ cluster }) => ({
    name: 'NeuroninspectSticky',
    version: 1,
    protocol({ topics }) {
      return {
        name: this.name,
        metadata: MemberMetadata.encode({
          version: this.version,
          topics,
          userData: Buffer.from(JSON.stringify(owned())),
        }),
      };
    },
    // eslint-disable-next-line @typescript-eslint/require-await -- the interface wants a promise
    async assign({ members }) {
      const known = members
        .map(({ memberId, memberMetadata }) => ({ memberId, ...readMetadata(memberMetadata) }))
        .sort((a, b) => (a.memberId < b.memberId ? -1 : 1));
      const assignments = new Map<string, Assignment>(known.map(({ memberId }) => [memberId, {}]));
      const taken = new Map<string, number>();
      for (const topic of [...new Set(known.flatMap(({ topics }) => topics))].sort()) {
        const readers = known.filter(({ topics }) => topics.includes(topic));
        const partitions = cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => partitionId);
        const shares = spread(partitions, new Map(readers.map((m) => [m.memberId, m.owned[topic] ?? []])), taken);
        for (const [memberId, share] of shares) {
          assignments.get(memberId)![topic] = share;
          taken.set(memberId, (taken.get(memberId) ?? 0) + share.length);
        }
      }
      return [...assignments].map(([memberId, assignment]) => ({
        memberId,
        memberAssignment: MemberAssignment.encode({ version: this.version, assignment, userData: Buffer.alloc(0) }),
      }));
    },
  });
}

function readMetadata(metadata: Buffer): { topics: string[]; owned: Assignment } {
  const { topics = [], userData } = MemberMetadata.decode(metadata) ?? {};
  return { topics, owned: readOwned(userData) };
}

/** Written by another process: what is not a table of partition numbers claims nothing. */
function readOwned(userData: Buffer | undefined): Assignment {
  if (userData === undefined || userData.length === 0) return {};
  try {
    const parsed: unknown = JSON.parse(userData.toString());
    if (typeof parsed !== 'object' || parsed === null) return {};
    return Object.fromEntries(
      Object.entries(parsed).filter(
        (entry): entry is [string, number[]] =>
          Array.isArray(entry[1]) && entry[1].every((partition) => Number.isInteger(partition)),
      ),
    );
  } catch {
    return {};
  }
}
