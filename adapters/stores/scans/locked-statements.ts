import type { Statement } from './sql.js';

/** The first value is the scan id. */
export type OfScan = Statement;

/** The clock, not the start of the transaction: waiting for the lock takes time too. */
export const lock: OfScan = {
  name: 'lock-scan',
  text: `
    select s.scan_order::text, s.profile_hash, s.lane, s.inspected::text, s.detection::text, v.result::text, v.pictures::text,
      floor(1000 * extract(epoch from s.opened_at))::float8 as opened_at,
      extract(epoch from clock_timestamp() - s.opened_at)::float8 as age
    from neuroninspect.scans s left join neuroninspect.verdicts v using (scan_id)
    where s.scan_id = $1
    for update of s`,
};

export const addTasks: OfScan = {
  name: 'add-tasks',
  text: `
    insert into neuroninspect.tasks (scan_id, stage, task_id)
    select $1, $2, id from unnest($3::text[]) with ordinality as planned (id, place) order by place
    on conflict (scan_id, task_id) do nothing`,
};

export const tasks: OfScan = {
  name: 'tasks',
  text: `
    select t.task_id, r.task_id is not null as done
    from neuroninspect.tasks t left join neuroninspect.results r using (scan_id, task_id)
    where t.scan_id = $1 and t.stage = $2
    order by t.position`,
};

export const addResult: OfScan = {
  name: 'add-result',
  text: `
    insert into neuroninspect.results (scan_id, task_id, payload, failed) values ($1, $2, $3, $4)
    on conflict (scan_id, task_id) do nothing
    returning true as added`,
};

export const results: OfScan = {
  name: 'results',
  text: `
    select r.payload
    from neuroninspect.tasks t join neuroninspect.results r using (scan_id, task_id)
    where t.scan_id = $1 and t.stage = $2
    order by t.position`,
};

export const setLane: OfScan = {
  name: 'set-lane',
  text: `update neuroninspect.scans set lane = $2 where scan_id = $1`,
};

export const setInspected: OfScan = {
  name: 'set-inspected',
  text: `update neuroninspect.scans set inspected = $2::text::json, state = $3 where scan_id = $1`,
};

export const setDetection: OfScan = {
  name: 'set-detection',
  text: `update neuroninspect.scans set detection = $2::text::json, state = $3 where scan_id = $1`,
};

export const setState: OfScan = {
  name: 'set-state',
  text: `update neuroninspect.scans set state = $2 where scan_id = $1`,
};

const intoHistory = `insert into neuroninspect.verdict_history (scan_id, verdict, result, pictures, judged_at)
      select scan_id, verdict, result, pictures, judged_at`;

/** A verdict that is replaced without reopening is history too. */
export const setVerdict: OfScan = {
  name: 'set-verdict',
  text: `
    with replaced as (
      ${intoHistory} from neuroninspect.verdicts where scan_id = $1
    )
    insert into neuroninspect.verdicts (scan_id, verdict, result, pictures)
    values ($1, $2, $3::text::json, $4::text::json)
    on conflict (scan_id) do update set
      verdict = excluded.verdict, result = excluded.result, pictures = excluded.pictures, judged_at = clock_timestamp()`,
};

export const archiveVerdict: OfScan = {
  name: 'archive-verdict',
  text: `
    with archived as (
      delete from neuroninspect.verdicts where scan_id = $1 returning scan_id, verdict, result, pictures, judged_at
    )
    ${intoHistory} from archived`,
};

export const dropFailures: OfScan = {
  name: 'drop-failures',
  text: `delete from neuroninspect.results where scan_id = $1 and failed`,
};

export const reopen: OfScan = {
  name: 'reopen',
  text: `update neuroninspect.scans set state = $2, opened_at = to_timestamp($3::float8 / 1000) where scan_id = $1`,
};

export const notify: OfScan = {
  name: 'notify',
  text: `insert into neuroninspect.outbox (scan_id, state) values ($1, $2)`,
};
