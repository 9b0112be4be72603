-- An instance that lives renews its lease; marks and pending entries of one that does not are swept.
create table instance_lease (
  id         text primary key,
  renewed_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null
);

-- The open mark of an exchange that was admitted while Redis was away.
create table open_exchange (
  request_id  text primary key,
  agency_id   text not null,
  client_id   text not null,
  epoch       integer not null,
  channel_id  text,
  instance    text not null,
  reservation bigint not null,
  opened_at   timestamptz not null
);
create index open_exchange_of_instance on open_exchange (instance);

-- An exchange that was admitted and whose end nobody saw. Never billed silently; a ledger line that
-- comes later supersedes it.
create table orphan (
  request_id    text primary key,
  agency_id     text not null,
  client_id     text not null,
  epoch         integer not null,
  channel_id    text,
  instance      text not null,
  reservation   bigint not null,
  opened_at     timestamptz not null,
  found_at      timestamptz not null default now(),
  superseded_at timestamptz
);
create index orphan_of_client on orphan (client_id, opened_at);
create index orphan_of_agency on orphan (agency_id, request_id);

-- Each time that Redis was found to have lost something, or to be another Redis.
create table counter_generation (
  generation     bigint generated always as identity primary key,
  reason         text not null,
  run_id         text,
  replication_id text,
  differences    text not null default '[]',
  started_at     timestamptz not null default clock_timestamp()
);
