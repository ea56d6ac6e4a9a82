import { LRUCache } from 'lru-cache';
import { lanes, type Lane } from '../../core/pipeline/order.js';

/** What the scheduler needs to know of a task. */
export interface Schedulable {
  readonly id: string;
  readonly scanId: string;
  readonly lane: Lane;
  readonly createdAt: number;
  readonly notAfter: number;
}

export interface Scheduler<Item extends Schedulable, Slot> {
  /**
   * Makes a task known, once: where one of this id is being prepared, waits or runs, it lives as long and goes as fast as the
   * more urgent of the two, and `joined` is the one that is there.
   */
  add(item: Item): { readonly joined: Item | undefined };
  /** All that the task needs is on this machine: from now on it waits for a slot, also if it ran before. */
  ready(id: string): void;
  /** Gives the next task to one of the free slots; undefined where none waits. */
  next(free: readonly Slot[]): { readonly item: Item; readonly slot: Slot } | undefined;
  /** The task is finished, or given back. */
  remove(id: string): void;
  /** Whether anybody still waits for the task: its time is not over and its scan not closed after the task was made. */
  wanted(item: Schedulable, now: number): boolean;
  /** From now on tasks of the scan that were made before are not wanted. */
  close(scanId: string, closedAt: number): void;
  /**
   * Tasks that are not wanted any more; they stay until they are removed. A task that runs counts as long as its scan is not
   * closed: its result is of use also when it is late.
   */
  unwanted(now: number): readonly Item[];
  /** Waiting for a slot. */
  readonly waiting: number;
  /** Whether a task of this lane does. */
  waits(lane: Lane): boolean;
  /** All that were added and not removed. */
  items(): readonly Item[];
}

export interface SchedulerOptions<Item, Slot> {
  /** Whether the slot has the task's model open. */
  readonly holds: (slot: Slot, item: Item) => boolean;
  /** While both lanes wait, so many tasks of the gate lane are picked before one of the fleet lane. */
  readonly gateShare?: number;
  /** A waiting task is overtaken so often within its lane, by tasks whose model is open in a free slot, and no more. */
  readonly maxOvertakes?: number;
}

interface Entry<Item> {
  readonly item: Item;
  lane: Lane;
  createdAt: number;
  notAfter: number;
  state: 'preparing' | 'waiting' | 'running';
  overtaken: number;
}

/**
 * Decides which task runs next in which slot. While slots are free and tasks wait, `next` always picks one; a task with p
 * others before it in its lane is picked at the latest after p + `maxOvertakes` others of its lane.
 */
export function createScheduler<Item extends Schedulable, Slot>({
  holds,
  gateShare = 4,
  maxOvertakes = 8,
}: SchedulerOptions<Item, Slot>): Scheduler<Item, Slot> {
  const entries = new Map<string, Entry<Item>>();
  const queues: Record<Lane, Entry<Item>[]> = { gate: [], fleet: [] };
  const closed = new LRUCache<string, number>({ max: 50_000 });
  let gateRun = 0;

  const leaveQueue = (entry: Entry<Item>): void => {
    for (const lane of lanes) queues[lane] = queues[lane].filter((other) => other !== entry);
  };
  const chooseLane = (): Lane | undefined => {
    const { gate, fleet } = queues;
    if (gate.length === 0 || fleet.length === 0) {
      gateRun = 0;
      return lanes.find((lane) => queues[lane].length > 0);
    }
    if (gateRun < gateShare) {
      gateRun++;
      return 'gate';
    }
    gateRun = 0;
    return 'fleet';
  };
  /** A task that was joined lives as long as the younger one. */
  const wanted = (item: Schedulable, now: number): boolean => {
    const known = entries.get(item.id) ?? item;
    const notAfter = Math.max(item.notAfter, known.notAfter);
    const createdAt = Math.max(item.createdAt, known.createdAt);
    return now <= notAfter && createdAt >= (closed.get(item.scanId) ?? 0);
  };

  return {
    add: (item) => {
      const there = entries.get(item.id);
      if (!there) {
        const { lane, createdAt, notAfter } = item;
        entries.set(item.id, { item, lane, createdAt, notAfter, state: 'preparing', overtaken: 0 });
        return { joined: undefined };
      }
      there.createdAt = Math.max(there.createdAt, item.createdAt);
      there.notAfter = Math.max(there.notAfter, item.notAfter);
      if (item.lane === 'gate' && there.lane !== 'gate') {
        there.lane = 'gate';
        there.overtaken = 0;
        if (there.state === 'waiting') {
          leaveQueue(there);
          queues.gate.push(there);
        }
      }
      return { joined: there.item };
    },
    ready: (id) => {
      const entry = entries.get(id);
      if (!entry || entry.state === 'waiting') return;
      entry.state = 'waiting';
      queues[entry.lane].push(entry);
    },
    next: (free) => {
      if (free.length === 0) return undefined;
      const lane = chooseLane();
      if (lane === undefined) return undefined;
      const queue = queues[lane];
      // Whoever overtakes one task overtakes all before it, so the first has been overtaken most.
      const mayOvertake = queue[0]!.overtaken < maxOvertakes;
      const open = mayOvertake ? queue.findIndex(({ item }) => free.some((slot) => holds(slot, item))) : -1;
      const index = Math.max(open, 0);
      const [entry] = queue.splice(index, 1) as [Entry<Item>];
      for (const overtaken of queue.slice(0, index)) overtaken.overtaken++;
      entry.state = 'running';
      return { item: entry.item, slot: free.find((slot) => holds(slot, entry.item)) ?? free[0]! };
    },
    remove: (id) => {
      const entry = entries.get(id);
      if (!entry) return;
      leaveQueue(entry);
      entries.delete(id);
    },
    wanted,
    close: (scanId, closedAt) => {
      closed.set(scanId, Math.max(closedAt, closed.get(scanId) ?? 0));
    },
    unwanted: (now) =>
      [...entries.values()]
        .filter(({ item, state }) => !wanted(item, state === 'running' ? 0 : now))
        .map(({ item }) => item),
    get waiting() {
      return queues.gate.length + queues.fleet.length;
    },
    waits: (lane) => queues[lane].length > 0,
    items: () => [...entries.values()].map(({ item }) => item),
  };
}
