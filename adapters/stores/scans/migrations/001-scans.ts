/**
 * `json`, not `jsonb`: the text stays as it was written, yet `->>` works. Ids sort by byte, as in JavaScript.
 * A result may come before its task is planned, so `results` does not refer to `tasks`.
 */
export const scans = `
create table neuroninspect.scans (
  scan_id text collate "C" primary key,
  model_digest text not null,
  images_digest text not null,
  profile_hash text not null,
  scan_order json not null,
  lane text not null,
  state text not null,
  inspected json,
  detection json,
  registered_at timestamptz not null default clock_timestamp(),
  opened_at timestamptz not null default clock_timestamp()
);
create index scans_by_profile on neuroninspect.scans (profile_hash, scan_id);

create table neuroninspect.tasks (
  scan_id text collate "C" not null references neuroninspect.scans on delete cascade,
  task_id text collate "C" not null,
  stage text not null,
  position bigint generated always as identity,
  primary key (scan_id, task_id)
);

create table neuroninspect.results (
  scan_id text collate "C" not null references neuroninspect.scans on delete cascade,
  task_id text collate "C" not null,
  payload bytea not null,
  failed boolean not null,
  recorded_at timestamptz not null default clock_timestamp(),
  primary key (scan_id, task_id)
);

create table neuroninspect.verdicts (
  scan_id text collate "C" primary key references neuroninspect.scans on delete cascade,
  verdict text not null,
  result json not null,
  pictures json not null,
  judged_at timestamptz not null default clock_timestamp()
);

create table neuroninspect.verdict_history (
  id bigint generated always as identity primary key,
  scan_id text collate "C" not null references neuroninspect.scans on delete cascade,
  verdict text not null,
  result json not null,
  pictures json not null,
  judged_at timestamptz not null,
  archived_at timestamptz not null default clock_timestamp()
);
create index verdict_history_by_scan on neuroninspect.verdict_history (scan_id);

create table neuroninspect.outbox (
  id bigint generated always as identity primary key,
  scan_id text collate "C" not null references neuroninspect.scans on delete cascade,
  state text not null,
  created_at timestamptz not null default clock_timestamp(),
  attempts integer not null default 0,
  next_at timestamptz not null default clock_timestamp()
);
create index outbox_by_scan on neuroninspect.outbox (scan_id, id);
`;
