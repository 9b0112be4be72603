-- How far each writer of money has come: raised in every transaction that folds entries or cuts units.
-- What a writer remembers and PostgreSQL does not has been lost, by a failover or a restore.
create table progress (
  writer  text primary key,
  version bigint not null,
  at      timestamptz not null default clock_timestamp()
);

-- Each time that PostgreSQL was found to have lost commits. Nothing is cut or sent before the entries
-- are back and the lanes are listed, and no listed lane before it is settled.
create table rollback (
  id                  bigint generated always as identity primary key,
  found_at            timestamptz not null default clock_timestamp(),
  found_by            text not null,
  lost_since          timestamptz not null,
  lost                text not null,
  entries_restored    bigint,
  entries_restored_at timestamptz,
  lanes_listed_at     timestamptz,
  settled_at          timestamptz
);
create unique index rollback_open on rollback ((true)) where settled_at is null;

-- An hour of a lane in which Stripe may have more than the outbox knows.
create table rollback_lane (
  rollback_id bigint not null references rollback,
  lane_id     bigint not null references lane,
  hour        timestamptz not null,
  seen        numeric,
  seen_at     timestamptz,
  settled_at  timestamptz,
  delivered   bigint,
  recovered   bigint,
  excess      numeric,
  primary key (rollback_id, lane_id, hour)
);
create index rollback_lane_open on rollback_lane (lane_id) where settled_at is null;

grant select, insert, update, delete on progress to tallygate_system;
grant select, insert on rollback, rollback_lane to tallygate_system;
grant update (lost_since, lost, entries_restored, entries_restored_at, lanes_listed_at, settled_at) on rollback to tallygate_system;
grant update (seen, seen_at, settled_at, delivered, recovered, excess) on rollback_lane to tallygate_system;
