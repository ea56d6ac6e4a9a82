import { ScanError } from '../../core/scan/errors.js';
import { startWorker, type WorkerProcess, type WorkerSettings } from './worker-process.js';

/** A place for one worker process, which is started when the place is first used and again after a crash. */
export interface Seat<Owner> {
  /** @throws ScanError `cancelled` once the pool is closed; `engine-crashed` where no process can be started. */
  readonly process: () => WorkerProcess;
  /** Whose models the process holds, the least recently used first; forgotten with the process. */
  readonly loaded: Set<Owner>;
}

/** Shares a fixed number of worker processes among models ("owners"). */
export interface Pool<Owner> {
  /**
   * Waits for a seat, at most one request on each.
   *
   * An owner's first seat is its home: while the owner has one, its model stays loaded. A seat is the home of at most `homes`
   * owners; others are seated there only while it has room for another home. Owners that have more to do are helped by such
   * seats too. When no seat has room, an owner without a home waits until a home is given up or its seat has been idle for a
   * moment, and takes it over.
   * @throws ScanError `cancelled` once the pool is closed or the owner has left.
   */
  seat(owner: Owner): Promise<Seat<Owner>>;
  leave(seat: Seat<Owner>): void;
  /** Gives up the owner's home and ends what runs for it, because native code cannot be interrupted otherwise. */
  forget(owner: Owner, why: ScanError): void;
  /** Of the processes that run now. */
  pids(): number[];
  close(): Promise<void>;
}

interface Place<Owner> extends Seat<Owner> {
  /** The oldest first. */
  readonly homes: Set<Owner>;
  user: Owner | undefined;
  idleSince: number;
  worker: WorkerProcess | undefined;
}

interface Waiting<Owner> {
  readonly owner: Owner;
  readonly resolve: (seat: Seat<Owner>) => void;
  readonly reject: (error: ScanError) => void;
}

export function createPool<Owner extends { readonly id: number }>(
  size: number,
  homes: number,
  settings: WorkerSettings,
): Pool<Owner> {
  const start = (): WorkerProcess => {
    if (closed) throw closedError();
    return startWorker(settings);
  };
  const places = Array.from({ length: size }, () => newPlace<Owner>(start));
  let waiting: Waiting<Owner>[] = [];
  let closed = false;
  let takeOver: NodeJS.Timeout | undefined;

  const seatAll = (): void => {
    clearTimeout(takeOver);
    const homeless = ({ owner }: Waiting<Owner>): boolean => !places.some((place) => place.homes.has(owner));
    for (const entry of [...waiting.filter(homeless), ...waiting.filter((entry) => !homeless(entry))]) {
      const place = choose(places, homes, entry.owner, waiting.some(homeless));
      if (!place) continue;
      waiting = waiting.filter((other) => other !== entry);
      if (homeless(entry)) place.homes.add(entry.owner);
      place.user = entry.owner;
      entry.resolve(place);
    }
    // A home may be idle, but not yet for long enough.
    if (waiting.some(homeless) && places.some(({ user }) => !user)) takeOver = setTimeout(seatAll, takeOverMs);
  };

  return {
    seat: (owner) =>
      new Promise((resolve, reject) => {
        if (closed) {
          reject(closedError());
          return;
        }
        waiting.push({ owner, resolve, reject });
        seatAll();
      }),
    leave: (seat) => {
      const place = seat as Place<Owner>;
      place.user = undefined;
      place.idleSince = performance.now();
      seatAll();
    },
    forget: (owner, why) => {
      const leaving = waiting.filter((entry) => entry.owner === owner);
      waiting = waiting.filter((entry) => entry.owner !== owner);
      for (const { reject } of leaving) reject(why);
      for (const place of places) {
        place.homes.delete(owner);
        if (place.user === owner) place.worker?.kill(why);
        if (place.loaded.delete(owner)) place.worker?.unload(owner.id);
      }
      seatAll();
    },
    pids: () => places.flatMap(({ worker }) => (worker?.alive && worker.pid !== undefined ? [worker.pid] : [])),
    close: async () => {
      closed = true;
      clearTimeout(takeOver);
      for (const { reject } of waiting) reject(closedError());
      waiting = [];
      for (const { user, worker } of places) if (user) worker?.kill(closedError());
      await Promise.all(places.flatMap(({ worker }) => (worker ? [worker.end()] : [])));
    },
  };
}

function newPlace<Owner>(start: () => WorkerProcess): Place<Owner> {
  const place: Place<Owner> = {
    loaded: new Set(),
    homes: new Set(),
    user: undefined,
    idleSince: 0,
    worker: undefined,
    process: () => {
      if (!place.worker?.alive) {
        place.worker = start();
        place.loaded.clear();
      }
      return place.worker;
    },
  };
  return place;
}

/** @param homeless whether an owner without a home is waiting: it goes before owners that want a second seat. */
function choose<Owner>(
  places: readonly Place<Owner>[],
  homes: number,
  owner: Owner,
  homeless: boolean,
): Place<Owner> | undefined {
  const idle = places.filter(({ user }) => user === undefined);
  const home = places.find((place) => place.homes.has(owner));
  if (home && idle.includes(home)) return home;
  const free = idle.filter((place) => place.homes.size < homes);
  if (home) return homeless ? undefined : preferred(free, owner);
  if (free.length > 0) return preferred(free, owner);
  const longIdle = idle.filter(({ idleSince }) => performance.now() - idleSince >= takeOverMs);
  const [oldest] = longIdle.sort((a, b) => a.idleSince - b.idleSince);
  const [evicted] = oldest?.homes ?? [];
  if (evicted) oldest?.homes.delete(evicted);
  return oldest;
}

/** A process that holds the model already, else one that holds none, else a place without a process, else any. */
function preferred<Owner>(free: readonly Place<Owner>[], owner: Owner): Place<Owner> | undefined {
  return (
    free.find(({ loaded }) => loaded.has(owner)) ??
    free.find(({ loaded, worker }) => worker?.alive && loaded.size === 0) ??
    free.find(({ worker }) => !worker?.alive) ??
    free[0]
  );
}

function closedError(): ScanError {
  return new ScanError('cancelled', 'the scanner was closed');
}

/** Longer than the pause between two shards of one scan, shorter than anybody minds. */
const takeOverMs = 100;
