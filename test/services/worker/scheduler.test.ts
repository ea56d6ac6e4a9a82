import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createScheduler, type Schedulable, type Scheduler } from '../../../services/worker/scheduler.js';

interface Item extends Schedulable {
  readonly model: string;
}
/** What is open in it. */
type Slot = readonly string[];

const gateShare = 4;
const maxOvertakes = 3;
const forever = Number.MAX_SAFE_INTEGER;

function scheduler(): Scheduler<Item, Slot> {
  return createScheduler({ holds: (slot, { model }) => slot.includes(model), gateShare, maxOvertakes });
}

function item(id: string, rest: Partial<Item> = {}): Item {
  return { id, scanId: `scan of ${id}`, lane: 'gate', createdAt: 1, notAfter: forever, model: 'm', ...rest };
}

function queue(known: Scheduler<Item, Slot>, ...items: Item[]): void {
  for (const one of items) {
    known.add(one);
    known.ready(one.id);
  }
}

function pickAll(known: Scheduler<Item, Slot>, free: readonly Slot[] = [[]]): string[] {
  const ids: string[] = [];
  for (let picked = known.next(free); picked; picked = known.next(free)) ids.push(picked.item.id);
  return ids;
}

const lane = fc.constantFrom('gate', 'fleet');
const model = fc.constantFrom('a', 'b', 'c');
const arrivals = fc.array(fc.record({ lane, model, before: fc.nat({ max: 3 }) }), { maxLength: 60 });

describe('scheduler of a worker', () => {
  it('picks a task whenever one waits and a slot is free, and every task once', () => {
    fc.assert(
      fc.property(arrivals, fc.array(fc.subarray(['a', 'b', 'c']), { minLength: 1, maxLength: 3 }), (tasks, slots) => {
        const known = scheduler();
        const picked: string[] = [];
        tasks.forEach((task, i) => {
          queue(known, item(`${i}`, task));
          for (let pick = 0; pick < task.before && known.waiting > 0; pick++) picked.push(known.next(slots)!.item.id);
        });
        const left = known.waiting;
        const rest = pickAll(known, slots);
        assert.equal(rest.length, left);
        assert.deepEqual([...picked, ...rest].sort(), tasks.map((_, i) => `${i}`).sort());
      }),
    );
  });

  it('lets no task wait longer than a bound, whatever arrives after it', () => {
    fc.assert(
      fc.property(
        arrivals,
        lane,
        model,
        fc.array(fc.record({ lane, model }), { maxLength: 200 }),
        (first, own, m, later) => {
          const known = scheduler();
          first.forEach((task, i) => {
            queue(known, item(`first ${i}`, task));
          });
          const before = first.filter((task) => task.lane === own).length;
          queue(known, item('watched', { lane: own, model: m }));
          const laneBound = before + maxOvertakes + 1;
          const bound =
            own === 'fleet' ? laneBound * (gateShare + 1) : laneBound + Math.ceil(laneBound / gateShare) + 1;
          const all = [...later, ...Array.from({ length: bound }, () => ({ lane: 'gate' as const, model: 'a' }))];
          for (const [i, task] of all.entries()) {
            queue(known, item(`later ${i}`, task));
            if (known.next([['a']])!.item.id === 'watched') return;
            assert.ok(i + 1 < bound, `not picked within ${bound} picks`);
          }
          assert.fail('never picked');
        },
      ),
    );
  });

  it('gives the gate four of five picks while both lanes wait', () => {
    const known = scheduler();
    for (let i = 0; i < 20; i++) queue(known, item(`g${i}`), item(`f${i}`, { lane: 'fleet' }));
    const first = pickAll(known).slice(0, 20);
    assert.equal(first.filter((id) => id.startsWith('g')).length, 16);
    assert.ok(first[0]!.startsWith('g'));
  });

  it('starts a gate task next although the fleet has waited for long', () => {
    const known = scheduler();
    for (let i = 0; i < 50; i++) queue(known, item(`f${i}`, { lane: 'fleet' }));
    for (let i = 0; i < 9; i++) known.next([[]]);
    queue(known, item('gate'));
    assert.equal(known.next([[]])!.item.id, 'gate');
  });

  it('prefers a task whose model is open, in the slot that has it open, and not too often', () => {
    const known = scheduler();
    queue(known, item('other', { model: 'x' }), ...['1', '2', '3', '4'].map((id) => item(id, { model: 'open' })));
    const picked = known.next([[], ['open']]);
    assert.equal(picked?.item.id, '1');
    assert.deepEqual(picked.slot, ['open']);
    assert.deepEqual(pickAll(known, [['open']]), ['2', '3', 'other', '4']);
  });

  it('runs a task once however often it comes, waiting or running, and again when it is done', () => {
    const known = scheduler();
    const task = item('t');
    assert.equal(known.add(task).joined, undefined);
    assert.equal(known.add(item('t')).joined, task);
    known.ready('t');
    known.ready('t');
    assert.deepEqual(pickAll(known), ['t']);
    assert.equal(known.add(item('t')).joined, task, 'while it runs');
    known.remove('t');
    assert.equal(known.add(item('t')).joined, undefined);
  });

  it('moves a waiting task to the gate when it comes again in that lane', () => {
    const known = scheduler();
    for (let i = 0; i < 10; i++) queue(known, item(`f${i}`, { lane: 'fleet' }));
    known.add(item('f7', { lane: 'gate' }));
    assert.equal(known.next([[]])!.item.id, 'f7');
  });

  it('drops what nobody waits for: too late, or its scan was closed after it was made', () => {
    const known = scheduler();
    queue(
      known,
      item('late', { notAfter: 99 }),
      item('closed', { scanId: 's', createdAt: 10 }),
      item('reopened', { scanId: 's', createdAt: 21 }),
      item('fine'),
    );
    known.close('s', 20);
    known.close('s', 15);
    const ids = known.unwanted(100).map(({ id }) => id);
    assert.deepEqual(ids, ['late', 'closed']);
    for (const id of ids) known.remove(id);
    assert.deepEqual(pickAll(known), ['reopened', 'fine']);
    assert.equal(known.wanted(item('new', { scanId: 's', createdAt: 19 }), 100), false);
  });

  it('keeps a task that was sent again for as long as the younger one lives', () => {
    const known = scheduler();
    queue(known, item('t', { scanId: 's', createdAt: 10, notAfter: 50 }));
    known.add(item('t', { scanId: 's', createdAt: 30, notAfter: 150 }));
    known.close('s', 20);
    assert.deepEqual(known.unwanted(100), []);
    assert.equal(known.unwanted(151).length, 1);
  });

  it('lets a running task finish late, but not for a closed scan', () => {
    const known = scheduler();
    queue(known, item('late', { notAfter: 50 }), item('closed', { scanId: 's' }));
    pickAll(known);
    known.close('s', 20);
    assert.deepEqual(
      known.unwanted(100).map(({ id }) => id),
      ['closed'],
    );
  });
});
