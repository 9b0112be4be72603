-- Row security: the tenant role sees the agency named by the transaction, the system role sees all.
-- It is forced, so that it holds for the owner too; a superuser still passes, which is why the pools
-- switch to these roles when they connect.
do $$
declare
  tenanted text;
begin
  foreach tenanted in array array['admin_token', 'stripe_connection', 'provider', 'lane', 'client', 'epoch', 'channel',
      'channel_key', 'directory_change', 'ledger', 'account', 'bucket', 'open_exchange', 'orphan', 'meter_event'] loop
    execute format('alter table %I enable row level security', tenanted);
    execute format('alter table %I force row level security', tenanted);
    execute format('create policy one_agency on %I to tallygate_tenant using (agency_id = current_setting(''tallygate.agency'', true))
      with check (agency_id = current_setting(''tallygate.agency'', true))', tenanted);
    execute format('create policy all_agencies on %I to tallygate_system using (true) with check (true)', tenanted);
  end loop;
end
$$;
alter table agency enable row level security;
alter table agency force row level security;
create policy one_agency on agency to tallygate_tenant using (id = current_setting('tallygate.agency', true))
  with check (id = current_setting('tallygate.agency', true));
create policy all_agencies on agency to tallygate_system using (true) with check (true);

-- Tenants' requests: an agency's own settings, and reading what happened to it.
grant select, update on agency to tallygate_tenant;
grant select, insert, update on admin_token, provider, client, channel, channel_key to tallygate_tenant;
grant select, insert, update, delete on stripe_connection to tallygate_tenant;
grant select, insert, update on epoch, lane, account to tallygate_tenant;
grant select, insert on directory_change to tallygate_tenant;
grant select on ledger, bucket, orphan, open_exchange, meter_event to tallygate_tenant;

-- The accounting: nobody may change or remove a ledger line, and of a meter event only its delivery.
grant select, insert, update on agency to tallygate_system;
grant select, insert, update on admin_token to tallygate_system;
grant select on provider, channel, channel_key, epoch, lane to tallygate_system;
grant update (client_id) on lane to tallygate_system;
grant update (superseded_at, closed_at) on epoch to tallygate_system;
grant select on client to tallygate_system;
grant select on stripe_connection to tallygate_system;
grant update (delivery, paused_by, paused_reason, paused_at, updated_at) on stripe_connection to tallygate_system;
grant select, insert on ledger, raw_entry to tallygate_system;
grant select, insert, update on account, bucket to tallygate_system;
grant select, insert, update, delete on instance_lease, open_exchange to tallygate_system;
grant select, insert on orphan, counter_generation to tallygate_system;
grant update (superseded_at) on orphan to tallygate_system;
grant update (differences) on counter_generation to tallygate_system;
grant select, insert, delete on directory_change to tallygate_system;
grant select, insert on meter_event to tallygate_system;
grant update (state, reason, stops_lane, attempts, idempotency_n, owner, lease_until, next_attempt_at, first_doubt_at,
  last_attempt_at, last_error, summary_seen, summary_seen_at, delivered_at) on meter_event to tallygate_system;
grant execute on function ensure_ledger_partitions(timestamptz), id_at(text, timestamptz) to tallygate_system, tallygate_tenant;
