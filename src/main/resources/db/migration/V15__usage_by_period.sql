-- What a client used in a period, apart by what was counted: a cap in messages counts no tokens.
create table usage_period (
  client_id       text not null,
  charge_by       text not null,
  period_start    timestamptz not null,
  agency_id       text not null,
  quantity        bigint not null,
  version         bigint not null,
  soft_reached_at timestamptz,
  primary key (client_id, charge_by, period_start)
);

alter table usage_period enable row level security;
alter table usage_period force row level security;
create policy one_agency on usage_period to tallygate_tenant using (agency_id = current_setting('tallygate.agency', true))
  with check (agency_id = current_setting('tallygate.agency', true));
create policy all_agencies on usage_period to tallygate_system using (true) with check (true);
grant select on usage_period to tallygate_tenant;
grant select, insert, update on usage_period to tallygate_system;

-- It is raised by the line itself, not by whoever writes it, and so is true whichever version of the application
-- writes: while an upgrade runs, and after one was taken back. In the order of the key, as accounts are.
-- A row begins with the version of its time in milliseconds, in which nobody commits twice: one that PostgreSQL lost and
-- made again is newer than what Redis was told before.
create function raise_usage_period() returns trigger language plpgsql set search_path from current as $$
begin
  insert into usage_period (client_id, charge_by, period_start, agency_id, quantity, version)
  select client_id, charge_by, coalesce(period_start, date_trunc('month', occurred_at, 'UTC')), min(agency_id),
    sum(quantity), floor(extract(epoch from clock_timestamp()) * 1000)::bigint
  from fresh
  where kind = 'exchange'
  group by 1, 2, 3
  order by 1, 2, 3
  on conflict (client_id, charge_by, period_start) do update
    set quantity = usage_period.quantity + excluded.quantity, version = usage_period.version + 1;
  return null;
end
$$;
create trigger raise_usage_period after insert on ledger referencing new table as fresh
  for each statement execute function raise_usage_period();

-- Caps look at the current period; the one before is counted too, for entries that come late. The trigger's lock lets
-- nobody write between the two. Ids are times, so that old partitions need not be read.
insert into usage_period (client_id, charge_by, period_start, agency_id, quantity, version)
select client_id, charge_by, date_trunc('month', occurred_at, 'UTC'), min(agency_id), sum(quantity), 1
from ledger
where kind = 'exchange' and occurred_at >= date_trunc('month', now(), 'UTC') - interval '1 month'
  and id >= id_at('led_', date_trunc('month', now(), 'UTC') - interval '1 month 2 days')
group by 1, 2, 3;
