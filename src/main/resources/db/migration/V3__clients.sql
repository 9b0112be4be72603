-- A lane is a Stripe customer's way to a meter. It belongs to one client of one agency: two clients that
-- feed the same customer and meter could not be told apart on the invoice.
create table lane (
  id             bigint generated always as identity primary key,
  agency_id      text not null references agency,
  client_id      text not null,
  stripe_account text not null,
  livemode       boolean not null,
  customer       text not null,
  meter_id       text not null,
  event_name     text not null,
  created_at     timestamptz not null default now(),
  unique (stripe_account, livemode, customer, meter_id)
);

create table client (
  id                 text primary key,
  agency_id          text not null references agency,
  nickname           text not null,
  platform           text not null check (platform in ('api', 'gohighlevel')),
  status             text not null default 'active' check (status in ('active', 'paused', 'archived')),
  stripe_customer_id text,
  stripe_product_id  text,
  stripe_price_id    text,
  models_allowed     text[] not null default '{}',
  on_disconnect      text not null default 'drain' check (on_disconnect in ('drain', 'abort')),
  on_missing_usage   text not null default 'estimate' check (on_missing_usage in ('estimate', 'free')),
  on_epoch_close     text not null default 'drop' check (on_epoch_close in ('drop', 'round_up')),
  epoch              integer not null default 1,
  created_at         timestamptz not null default now(),
  archived_at        timestamptz
);
create index client_of_agency on client (agency_id, id);

-- The time in which one charge policy holds. Weights and divisor are thousandths: see ChargePolicy.
create table epoch (
  client_id   text not null references client,
  epoch       integer not null,
  agency_id   text not null references agency,
  charge_by   text not null check (charge_by in ('tokens', 'messages')),
  billing_unit bigint not null check (billing_unit >= 1),
  report      text not null check (report in ('units', 'usage')),
  weight_input        integer not null default 1000,
  weight_cached_input integer not null default 1000,
  weight_cache_write  integer not null default 1000,
  weight_output       integer not null default 1000,
  weight_reasoning    integer not null default 1000,
  divisor     bigint not null check (divisor >= 1000),
  lane_id     bigint references lane,
  stripe_price_id text,
  on_close    text not null default 'drop' check (on_close in ('drop', 'round_up')),
  opened_at   timestamptz not null default now(),
  superseded_at timestamptz,
  closed_at   timestamptz,
  primary key (client_id, epoch)
);
create index epoch_to_close on epoch (superseded_at) where superseded_at is not null and closed_at is null;

create table channel (
  id              text primary key,
  agency_id       text not null references agency,
  client_id       text references client,
  platform        text not null check (platform in ('api', 'gohighlevel')),
  name            text not null,
  ghl_location_id text,
  created_at      timestamptz not null default now(),
  unique (agency_id, ghl_location_id)
);
create index channel_of_client on channel (client_id);

create table channel_key (
  id         text primary key,
  agency_id  text not null references agency,
  channel_id text not null references channel,
  name       text,
  sha256     bytea not null unique,
  prefix     text not null,
  last4      text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  revoked_at timestamptz
);
create index channel_key_of_channel on channel_key (channel_id);

-- What every replica reads to learn that something about an agency changed (keys, clients, providers):
-- the pub/sub message only hastens it.
create table directory_change (
  id        bigint generated always as identity primary key,
  agency_id text not null,
  at        timestamptz not null default clock_timestamp()
);
create index directory_change_at on directory_change (at);
