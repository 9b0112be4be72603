-- Corrections that a person made, each with a ledger line of the same id. Those that Stripe is told wait here until
-- their lane is free: then they become a meter event, whose id ends like theirs.
create table adjustment (
  id          text primary key,
  agency_id   text not null references agency,
  client_id   text not null references client,
  epoch       integer not null,
  way         text not null check (way in ('ledger', 'event', 'cancellation', 'credit_proposal')),
  quantity    bigint not null check (quantity <> 0),
  reason      text not null,
  occurred_at timestamptz not null,
  late        boolean not null default false,
  -- In the unit of the client's meter events.
  value       bigint not null,
  -- Where it goes: nowhere where Stripe is told nothing.
  lane_id     bigint references lane,
  -- The identifier of the meter event that is taken back.
  cancels     text references meter_event (identifier),
  created_at  timestamptz not null,
  cut_at      timestamptz,
  check ((way in ('event', 'cancellation')) = (lane_id is not null)),
  check ((way = 'cancellation') = (cancels is not null))
);
create index adjustment_waiting on adjustment (lane_id) where lane_id is not null and cut_at is null;
create index adjustment_of_client on adjustment (client_id, occurred_at);
-- Stripe takes an event back once.
create unique index adjustment_once on adjustment (cancels) where cancels is not null;

-- The identifier of the event that this one takes back, where it does that instead of reporting.
alter table meter_event add column cancels text;

alter table adjustment enable row level security;
alter table adjustment force row level security;
create policy one_agency on adjustment to tallygate_tenant using (agency_id = current_setting('tallygate.agency', true))
  with check (agency_id = current_setting('tallygate.agency', true));
create policy all_agencies on adjustment to tallygate_system using (true) with check (true);
grant select on adjustment to tallygate_tenant;
grant select, insert on adjustment to tallygate_system;
grant update (cut_at) on adjustment to tallygate_system;
