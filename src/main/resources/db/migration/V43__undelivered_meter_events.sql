-- What of an account's units Stripe does not have: few rows, where those that it has grow for ever.
create index meter_event_undelivered on meter_event (client_id, epoch) where state in ('due', 'sending', 'parked');
