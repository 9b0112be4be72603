-- By which of Stripe's ways an agency's meter events go: one a call, or many over the stream.
alter table stripe_connection add column meter_events text not null default 'v1' check (meter_events in ('v1', 'v2_stream'));
