-- What waits in the outbox is counted every few seconds: in the index alone, which claims read too.
drop index meter_event_first_to_send;
create index meter_event_first_to_send on meter_event (agency_id, stripe_account, livemode, next_attempt_at, id)
  include (state, created_at) where state in ('due', 'sending');
