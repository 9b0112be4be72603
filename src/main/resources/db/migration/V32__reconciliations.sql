-- Each time that ledger, outbox and Stripe were held against each other, kept for good.
create table reconciliation (
  id          text primary key,
  agency_id   text not null references agency,
  client_id   text,
  from_at     timestamptz not null,
  to_at       timestamptz not null,
  cause       text not null check (cause in ('request', 'hourly', 'invoice', 'refusals', 'follow_up')),
  -- What is asked for twice under the same name is one run.
  once        text,
  follows     text references reconciliation,
  depth       integer not null default 0,
  state       text not null default 'queued' check (state in ('queued', 'running', 'done', 'failed')),
  clean       boolean,
  error       text,
  attempts    integer not null default 0,
  due_at      timestamptz not null,
  owner       text,
  lease_until timestamptz not null default '-infinity',
  created_at  timestamptz not null,
  finished_at timestamptz,
  unique (agency_id, once)
);
create index reconciliation_waiting on reconciliation (due_at) where state in ('queued', 'running');
create index reconciliation_of_agency on reconciliation (agency_id, id);

-- What was found of one lane.
create table reconciliation_row (
  reconciliation_id text not null references reconciliation,
  lane_id           bigint not null references lane,
  agency_id         text not null references agency,
  client_id         text not null,
  ledger_units      bigint not null,
  outbox_units      bigint not null,
  delivered_units   bigint not null,
  other_units       bigint not null,
  stripe_units      numeric,
  difference        numeric,
  explanation       text not null,
  clean             boolean not null,
  primary key (reconciliation_id, lane_id)
);

-- Each difference, and what was done about it.
create table reconciliation_finding (
  id                bigint generated always as identity primary key,
  reconciliation_id text not null references reconciliation,
  lane_id           bigint not null references lane,
  agency_id         text not null references agency,
  kind              text not null,
  hour              timestamptz,
  units             numeric not null,
  meter_event_id    text,
  message           text not null,
  repair            text not null,
  outcome           text,
  found_at          timestamptz not null
);
create index reconciliation_finding_of_run on reconciliation_finding (reconciliation_id, lane_id);
create index reconciliation_finding_of_lane on reconciliation_finding (lane_id, hour, found_at);

create index meter_event_of_lane_time on meter_event (lane_id, occurred_at);

do $$
declare
  tenanted text;
begin
  foreach tenanted in array array['reconciliation', 'reconciliation_row', 'reconciliation_finding'] loop
    execute format('alter table %I enable row level security', tenanted);
    execute format('alter table %I force row level security', tenanted);
    execute format('create policy one_agency on %I to tallygate_tenant using (agency_id = current_setting(''tallygate.agency'', true))
      with check (agency_id = current_setting(''tallygate.agency'', true))', tenanted);
    execute format('create policy all_agencies on %I to tallygate_system using (true) with check (true)', tenanted);
  end loop;
end
$$;
grant select, insert on reconciliation to tallygate_tenant;
grant select on reconciliation_row, reconciliation_finding to tallygate_tenant;
grant select, insert, update on reconciliation to tallygate_system;
grant select, insert, delete on reconciliation_row, reconciliation_finding to tallygate_system;
