-- What a client used in each hour: the ledger's lines added up, so that what is asked of months reads hours and not
-- lines, and stays when old partitions of the ledger are gone. Empty is what a line does not say.
create table usage_hour (
  client_id           text not null,
  hour                timestamptz not null,
  channel_id          text not null,
  provider_id         text not null,
  model               text not null,
  agency_id           text not null,
  requests            bigint not null,
  messages            bigint not null,
  input_tokens        bigint not null,
  cached_input_tokens bigint not null,
  cache_write_tokens  bigint not null,
  output_tokens       bigint not null,
  reasoning_tokens    bigint not null,
  total_tokens        bigint not null,
  quantity            bigint not null,
  units               bigint not null,
  estimated_requests  bigint not null,
  primary key (client_id, hour, channel_id, provider_id, model)
) with (fillfactor = 80);

alter table usage_hour enable row level security;
alter table usage_hour force row level security;
create policy one_agency on usage_hour to tallygate_tenant using (agency_id = current_setting('tallygate.agency', true))
  with check (agency_id = current_setting('tallygate.agency', true));
create policy all_agencies on usage_hour to tallygate_system using (true) with check (true);
grant select on usage_hour to tallygate_tenant;
grant select, insert, update on usage_hour to tallygate_system;

-- Raised by the lines themselves, as what was used of a period is (V15), and in the order of the key. Adjustments and test
-- usage are no use of the client's.
create function raise_usage_hour() returns trigger language plpgsql set search_path from current as $$
begin
  insert into usage_hour
  select client_id, date_trunc('hour', occurred_at, 'UTC') as hour, coalesce(channel_id, '') as channel,
    coalesce(provider_id, '') as provider, coalesce(model, '') as model, min(agency_id),
    count(*) filter (where kind = 'exchange'), sum(messages), coalesce(sum(input_tokens), 0),
    coalesce(sum(cached_input_tokens), 0), coalesce(sum(cache_write_tokens), 0), coalesce(sum(output_tokens), 0),
    coalesce(sum(reasoning_tokens), 0), coalesce(sum(total_tokens), 0), sum(quantity), sum(units),
    count(*) filter (where status = 'estimated')
  from fresh
  where kind not in ('adjustment', 'test')
  group by 1, 2, 3, 4, 5
  order by 1, 2, 3, 4, 5
  on conflict (client_id, hour, channel_id, provider_id, model) do update set
    requests = usage_hour.requests + excluded.requests,
    messages = usage_hour.messages + excluded.messages,
    input_tokens = usage_hour.input_tokens + excluded.input_tokens,
    cached_input_tokens = usage_hour.cached_input_tokens + excluded.cached_input_tokens,
    cache_write_tokens = usage_hour.cache_write_tokens + excluded.cache_write_tokens,
    output_tokens = usage_hour.output_tokens + excluded.output_tokens,
    reasoning_tokens = usage_hour.reasoning_tokens + excluded.reasoning_tokens,
    total_tokens = usage_hour.total_tokens + excluded.total_tokens,
    quantity = usage_hour.quantity + excluded.quantity,
    units = usage_hour.units + excluded.units,
    estimated_requests = usage_hour.estimated_requests + excluded.estimated_requests;
  return null;
end
$$;
create trigger raise_usage_hour after insert on ledger referencing new table as fresh
  for each statement execute function raise_usage_hour();

-- The lines that are there already. The trigger's lock lets nobody write between the two: while this reads, lines wait.
insert into usage_hour
select client_id, date_trunc('hour', occurred_at, 'UTC') as hour, coalesce(channel_id, '') as channel,
  coalesce(provider_id, '') as provider, coalesce(model, '') as model, min(agency_id),
  count(*) filter (where kind = 'exchange'), sum(messages), coalesce(sum(input_tokens), 0),
  coalesce(sum(cached_input_tokens), 0), coalesce(sum(cache_write_tokens), 0), coalesce(sum(output_tokens), 0),
  coalesce(sum(reasoning_tokens), 0), coalesce(sum(total_tokens), 0), sum(quantity), sum(units),
  count(*) filter (where status = 'estimated')
from ledger
where kind not in ('adjustment', 'test')
group by 1, 2, 3, 4, 5;
