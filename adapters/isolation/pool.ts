import { ScanError } from '../../core/scan/errors.js';
import { startWorker, type WorkerProcess, type WorkerSettings } from './worker-process.js';

/** A place for one worker process, which is started when the place is first used and again after a crash. */
export interface Seat<Owner> {
  /** @throws ScanError `cancelled` once the pool is closed; `engine-crashed` where no process can be started. */
  readonly process: () => WorkerProcess;
  /** Whose model the process holds; forgotten with the process. */
  loaded: Owner | undefined;
}

/** Shares a fixed number of worker processes among models ("owners"). */
export interface Pool<Owner> {
  /**
   * Waits for a seat, at most one request on each.
   *
   * An owner's first seat is its home: while the owner has one, nobody else is seated there, so its model stays loaded. Seats
   * that are nobody's home help any owner that has more to do. When all seats are homes, an owner without one waits until a
   * home is given up or has been idle for a moment, and takes it over.
   * @throws ScanError `cancelled` once the pool is closed or the owner has left.
   */
  seat(owner: Owner): Promise<Seat<Owner>>;
  leave(seat: Seat<Owner>): void;
  /** Gives up the owner's home and ends what runs for it, because native code cannot be interrupted otherwise. */
  forget(owner: Owner, why: ScanError): void;
  close(): Promise<void>;
}

interface Place<Owner> extends Seat<Owner> {
  home: Owner | undefined;
  user: Owner | undefined;
  idleSince: number;
  worker: WorkerProcess | undefined;
}

interface Waiting<Owner> {
  readonly owner: Owner;
  readonly resolve: (seat: Seat<Owner>) => void;
  readonly reject: (error: ScanError) => void;
}

export function createPool<Owner extends object>(size: number, settings: WorkerSettings): Pool<Owner> {
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
    const homeless = ({ owner }: Waiting<Owner>): boolean => !places.some(({ home }) => home === owner);
    for (const entry of [...waiting.filter(homeless), ...waiting.filter((entry) => !homeless(entry))]) {
      const place = choose(places, entry.owner, waiting.some(homeless));
      if (!place) continue;
      waiting = waiting.filter((other) => other !== entry);
      if (homeless(entry)) place.home = entry.owner;
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
        if (place.home === owner) place.home = undefined;
        if (place.user === owner) place.worker?.kill(why);
        if (place.loaded !== owner) continue;
        place.loaded = undefined;
        place.worker?.unload();
      }
      seatAll();
    },
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
    loaded: undefined,
    home: undefined,
    user: undefined,
    idleSince: 0,
    worker: undefined,
    process: () => {
      if (!place.worker?.alive) {
        place.worker = start();
        place.loaded = undefined;
      }
      return place.worker;
    },
  };
  return place;
}

/** @param homeless whether an owner without a home is waiting: it goes before owners that want a second seat. */
function choose<Owner>(places: readonly Place<Owner>[], owner: Owner, homeless: boolean): Place<Owner> | undefined {
  const idle = places.filter(({ user }) => user === undefined);
  const home = places.find((place) => place.home === owner);
  if (home && idle.includes(home)) return home;
  const free = idle.filter((place) => place.home === undefined);
  if (home) return homeless ? undefined : preferred(free, owner);
  if (free.length > 0) return preferred(free, owner);
  const longIdle = idle.filter(({ idleSince }) => performance.now() - idleSince >= takeOverMs);
  const [oldest] = longIdle.sort((a, b) => a.idleSince - b.idleSince);
  if (oldest) oldest.home = undefined;
  return oldest;
}

/** A process that holds the model already, else one that holds none, else a place without a process, else any. */
function preferred<Owner>(free: readonly Place<Owner>[], owner: Owner): Place<Owner> | undefined {
  return (
    free.find(({ loaded }) => loaded === owner) ??
    free.find(({ loaded, worker }) => worker?.alive && loaded === undefined) ??
    free.find(({ worker }) => !worker?.alive) ??
    free[0]
  );
}

function closedError(): ScanError {
  return new ScanError('cancelled', 'the scanner was closed');
}

/** Longer than the pause between two shards of one scan, shorter than anybody minds. */
const takeOverMs = 100;
