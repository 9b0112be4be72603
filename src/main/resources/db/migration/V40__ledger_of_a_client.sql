-- Pages of a client's lines follow ids, so that is how they are found. By when they occurred, a page of a month was all
-- of that month, sorted; or, where a plan went by ids alone, the lines of all clients, until the statement's time was up.
create index ledger_of_client on ledger (client_id, id);
-- The only lines that are made long after they occurred.
create index ledger_adjustments on ledger (client_id, id) where kind = 'adjustment';
drop index ledger_of_client_by_time;

-- Between which ids the lines are that occurred from one time up to another. Ids tell when a request arrived, by a
-- replica's clock: before it ended, and at most a long stream before. Adjustments are made up to 35 days after.
create function ledger_id_from(at timestamptz) returns text language sql immutable strict
  return id_at('led_', at - interval '2 days');
create function ledger_id_to(at timestamptz) returns text language sql immutable strict
  return id_at('led_', at + interval '1 hour');
create function adjustment_id_to(at timestamptz) returns text language sql immutable strict
  return id_at('led_', at + interval '40 days');
