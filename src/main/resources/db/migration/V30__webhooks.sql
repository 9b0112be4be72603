-- What an agency's webhooks from Stripe are signed with, sealed. Each holds for one account and mode; one that
-- was replaced is believed for another day, because what it signed may still be on its way.
create table webhook_secret (
  id            text primary key,
  agency_id     text not null references agency,
  account_id    text not null,
  livemode      boolean not null,
  source        text not null check (source in ('entered', 'snapshot', 'thin')),
  sealed_secret bytea not null,
  last4         text not null,
  endpoint_id   text,
  url           text,
  created_at    timestamptz not null,
  retired_at    timestamptz
);
create index webhook_secret_of_agency on webhook_secret (agency_id);

-- The inbox: what Stripe told, once under its event id. Only ids are kept of it; what they stand for is read
-- from Stripe when the event is worked off, so that order and repeats do not matter.
create table webhook_event (
  id              text primary key,
  agency_id       text not null references agency,
  event_id        text not null,
  kind            text not null check (kind in ('snapshot', 'thin')),
  type            text not null,
  api_version     text,
  object_type     text,
  object_id       text,
  customer_id     text,
  created_at      timestamptz not null,
  received_at     timestamptz not null,
  deliveries      integer not null default 1,
  state           text not null default 'received' check (state in ('received', 'done', 'ignored', 'failed')),
  note            text,
  attempts        integer not null default 0,
  next_attempt_at timestamptz not null,
  owner           text,
  lease_until     timestamptz not null default '-infinity',
  done_at         timestamptz,
  unique (agency_id, event_id)
);
create index webhook_event_waiting on webhook_event (next_attempt_at) where state = 'received';
create index webhook_event_of_agency on webhook_event (agency_id, id);
create index webhook_event_by_age on webhook_event (received_at);

do $$
declare
  tenanted text;
begin
  foreach tenanted in array array['webhook_secret', 'webhook_event'] loop
    execute format('alter table %I enable row level security', tenanted);
    execute format('alter table %I force row level security', tenanted);
    execute format('create policy one_agency on %I to tallygate_tenant using (agency_id = current_setting(''tallygate.agency'', true))
      with check (agency_id = current_setting(''tallygate.agency'', true))', tenanted);
    execute format('create policy all_agencies on %I to tallygate_system using (true) with check (true)', tenanted);
  end loop;
end
$$;
grant select, insert, update, delete on webhook_secret to tallygate_tenant;
grant select on webhook_secret to tallygate_system;
grant select, update on webhook_event to tallygate_tenant;
grant select, insert, update, delete on webhook_event to tallygate_system;
