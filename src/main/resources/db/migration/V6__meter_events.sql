-- The outbox. Identifier, value, customer and timestamp of a row never change: the grants below leave
-- no way to change them.
create table meter_event (
  id                 text primary key,
  agency_id          text not null references agency,
  lane_id            bigint not null references lane,
  client_id          text not null,
  epoch              integer not null,
  kind               text not null default 'units' check (kind in ('units', 'adjustment', 'test', 'recovered')),
  identifier         text not null unique check (length(identifier) <= 100),
  stripe_account     text not null,
  livemode           boolean not null,
  stripe_customer_id text not null,
  meter_id           text not null,
  event_name         text not null,
  value              bigint not null,
  from_unit          bigint not null,
  to_unit            bigint not null,
  bucket_hour        timestamptz not null,
  bucket_period      timestamptz not null default '-infinity',
  bucket_from        bigint not null,
  bucket_to          bigint not null,
  late               boolean not null default false,
  occurred_at        timestamptz not null,
  successor          integer not null default 0,
  replaces           text references meter_event,
  created_at         timestamptz not null default now(),

  state              text not null default 'due' check (state in ('due', 'sending', 'delivered', 'parked', 'replaced')),
  reason             text,
  stops_lane         boolean not null default false,
  attempts           integer not null default 0,
  idempotency_n      integer not null default 0,
  owner              text,
  lease_until        timestamptz,
  next_attempt_at    timestamptz not null default now(),
  first_doubt_at     timestamptz,
  last_attempt_at    timestamptz,
  last_error         text,
  summary_seen       numeric,
  summary_seen_at    timestamptz,
  delivered_at       timestamptz
);
-- A lane is free when it has no row due or sending: the database says so, not a lock in memory.
create unique index meter_event_in_flight on meter_event (lane_id) where state in ('due', 'sending');
create index meter_event_to_send on meter_event (next_attempt_at) where state in ('due', 'sending');
create index meter_event_stopping on meter_event (lane_id) where state = 'parked' and stops_lane;
create index meter_event_of_client on meter_event (client_id, epoch, id);
create index meter_event_of_agency on meter_event (agency_id, id);
create index meter_event_of_lane_hour on meter_event (lane_id, bucket_hour);
