-- How a client stands with its payments at Stripe, as it was read last, and what the agency wants done about
-- it. Keys of a client that is held are answered 402.
create table client_payment (
  client_id       text primary key references client,
  agency_id       text not null references agency,
  policy          text not null default 'warn' check (policy in ('warn', 'suspend')),
  grace_hours     integer not null default 72 check (grace_hours between 0 and 8760),
  status          text,
  subscription_id text,
  period_start    timestamptz,
  period_end      timestamptz,
  owing_since     timestamptz,
  held            boolean not null default false,
  read_at         timestamptz not null default '-infinity'
);
create index client_payment_owing on client_payment (owing_since) where owing_since is not null and not held;

-- Invoices of clients' subscriptions, as they were read last.
create table client_invoice (
  invoice_id      text not null,
  agency_id       text not null references agency,
  client_id       text not null references client,
  subscription_id text,
  status          text,
  currency        text not null,
  total           bigint not null,
  amount_due      bigint not null,
  amount_paid     bigint not null,
  period_start    timestamptz,
  period_end      timestamptz,
  finalizes_at    timestamptz,
  hosted_url      text,
  created_at      timestamptz not null,
  read_at         timestamptz not null,
  primary key (client_id, invoice_id)
);
create index client_invoice_by_age on client_invoice (client_id, created_at);

do $$
declare
  tenanted text;
begin
  foreach tenanted in array array['client_payment', 'client_invoice'] loop
    execute format('alter table %I enable row level security', tenanted);
    execute format('alter table %I force row level security', tenanted);
    execute format('create policy one_agency on %I to tallygate_tenant using (agency_id = current_setting(''tallygate.agency'', true))
      with check (agency_id = current_setting(''tallygate.agency'', true))', tenanted);
    execute format('create policy all_agencies on %I to tallygate_system using (true) with check (true)', tenanted);
  end loop;
end
$$;
grant select, insert, update on client_payment, client_invoice to tallygate_tenant;
grant select, update on client_payment to tallygate_system;
grant select on client_invoice to tallygate_system;
