-- A claim reads the meter events of each agency that are due first, however many wait behind them, and counts those that
-- its instance has under way.
create index meter_event_first_to_send on meter_event (agency_id, stripe_account, livemode, next_attempt_at, id)
  where state in ('due', 'sending');
create index meter_event_under_way on meter_event (owner) where state = 'sending';
drop index meter_event_to_send;
