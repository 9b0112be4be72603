-- Something that a request to the admin API makes at Stripe, written down before Stripe is called. The
-- idempotency key at Stripe follows from request, step and attempt; an attempt is used again until it was
-- answered, so that what an unanswered call made is found and not made again.
create table stripe_intent (
  agency_id  text not null references agency,
  request_id text not null,
  step       text not null,
  state      text not null default 'calling' check (state in ('calling', 'made', 'refused', 'doubt')),
  attempt    integer not null default 0,
  object_id  text,
  last_error text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (agency_id, request_id, step)
);
create index stripe_intent_by_age on stripe_intent (created_at);
alter table stripe_intent enable row level security;
alter table stripe_intent force row level security;
create policy one_agency on stripe_intent to tallygate_tenant using (agency_id = current_setting('tallygate.agency', true))
  with check (agency_id = current_setting('tallygate.agency', true));
create policy all_agencies on stripe_intent to tallygate_system using (true) with check (true);
grant select, insert, update, delete on stripe_intent to tallygate_tenant;
grant select on stripe_intent to tallygate_system;
