-- What is wrong with a client's billing at Stripe, as it was found last: each source replaces its own.
create table client_alarm (
  client_id text not null references client,
  agency_id text not null references agency,
  source    text not null,
  code      text not null,
  message   text not null,
  raised_at timestamptz not null,
  primary key (client_id, source, code)
);

-- When a client's terms are held against Stripe next. Whoever takes a row up has it until its lease lapses.
create table terms_check (
  client_id   text primary key references client,
  agency_id   text not null references agency,
  due_at      timestamptz not null,
  checked_at  timestamptz,
  owner       text,
  lease_until timestamptz not null default '-infinity'
);
create index terms_check_due on terms_check (due_at);

do $$
declare
  tenanted text;
begin
  foreach tenanted in array array['client_alarm', 'terms_check'] loop
    execute format('alter table %I enable row level security', tenanted);
    execute format('alter table %I force row level security', tenanted);
    execute format('create policy one_agency on %I to tallygate_tenant using (agency_id = current_setting(''tallygate.agency'', true))
      with check (agency_id = current_setting(''tallygate.agency'', true))', tenanted);
    execute format('create policy all_agencies on %I to tallygate_system using (true) with check (true)', tenanted);
  end loop;
end
$$;
grant select, insert, update, delete on client_alarm, terms_check to tallygate_tenant;
grant select on client_alarm to tallygate_system;
grant select, insert, update, delete on terms_check to tallygate_system;
