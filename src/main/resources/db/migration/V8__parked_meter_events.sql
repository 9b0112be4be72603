-- Parked meter events are few among all that were delivered, and are counted every few seconds.
create index meter_event_parked on meter_event (agency_id) where state = 'parked';
